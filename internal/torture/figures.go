package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// figure is one entry of the result for machines.
type figure struct {
	Name  string   `json:"name"`
	Value float64  `json:"value"`
	Unit  string   `json:"unit"`
	Goal  *float64 `json:"goal"`
	Holds bool     `json:"holds"`
	How   string   `json:"how"`
}

func atLeast(name string, value int, unit string, goal int, how string) figure {
	g := float64(goal)
	return figure{name, float64(value), unit, &g, value >= goal, how}
}

func atMost(name string, value int, unit string, goal int, how string) figure {
	g := float64(goal)
	return figure{name, float64(value), unit, &g, value <= goal, how}
}

// write writes figures for machines, and returns an error when one does not reach
// its goal.
func write(path string, figures []figure) error {
	text, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o644); err != nil {
		return err
	}
	for _, f := range figures {
		if !f.Holds {
			err = errors.Join(err, fmt.Errorf("%s is %v; the goal is %v", f.Name, f.Value, *f.Goal))
		}
	}
	return err
}
