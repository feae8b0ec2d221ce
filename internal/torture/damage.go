package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// loaded is how long the load lasts that makes the files to be damaged.
const loaded = 2 * time.Second

// damaged are the files of a tenant.
var damaged = []string{".db", ".sums", ".journal"}

// damage flips bits in the files of a store and cuts them short. Then the server
// has to start, and whatever it answers has to be right: of a file that it finds
// damaged it says that it cannot answer.
type damage struct {
	o      options
	s      *server
	ledger *ledger

	done         map[string]int // by kind and file
	noticed      map[string]int
	broken       int
	failedStarts int
}

func (d *damage) run(ctx context.Context) error {
	d.done, d.noticed = map[string]int{}, map[string]int{}
	if d.o.damages == 0 {
		return nil
	}
	left, claims := map[string]map[string][]byte{}, map[string][]*claim{}
	for _, end := range []string{"killed", "stopped"} {
		if err := d.s.start(ctx); err != nil {
			return err
		}
		// The load ends with a kill; a start and a stop after it leave closed files.
		burst(ctx, d.s, d.ledger, "d-"+end, d.o.concurrency, plan{after: loaded})
		claims[end] = d.ledger.now() // the users of one load come back in the next
		if end == "stopped" {
			if err := errors.Join(d.s.start(ctx), d.s.stop(ctx)); err != nil {
				return err
			}
		}
		files, err := readDisk(d.s.data(), d.s.ours)
		if err != nil {
			return err
		}
		left[end] = files.cut(nil, lossAll)
	}
	for i := range 2 * d.o.damages {
		end := []string{"killed", "stopped"}[i/2%2]
		if err := d.harm(ctx, end, i%2 == 0, left[end], claims[end]); err != nil {
			return err
		}
	}
	return put(d.s.data(), d.s.ours, left["stopped"])
}

// harm damages one file, and looks at what the server says then.
func (d *damage) harm(ctx context.Context, end string, flip bool, files map[string][]byte, claims []*claim) error {
	files = maps.Clone(files)
	var candidates []string
	for path, content := range files {
		if len(bytes.Trim(content, "\x00")) > 0 && slices.Contains(damaged, filepath.Ext(path)) {
			candidates = append(candidates, path)
		}
	}
	slices.Sort(candidates)
	path := candidates[rand.IntN(len(candidates))]
	content, kind := bytes.Clone(files[path]), "cut short"
	used := len(bytes.TrimRight(content, "\x00"))
	if flip {
		kind = "flipped bit"
		content[rand.IntN(used)] ^= 1 << rand.IntN(8)
	} else {
		content = content[:rand.IntN(used)]
	}
	files[path] = content
	kind = fmt.Sprintf("%s of a server that was %s, %s", filepath.Ext(path), end, kind)
	d.done[kind]++
	if err := put(d.s.data(), d.s.ours, files); err != nil {
		return err
	}
	if err := d.s.start(ctx); err != nil {
		d.failedStarts++
		fmt.Fprintf(os.Stderr, "%s: %v\n", kind, err)
		return ctx.Err()
	}
	defer d.s.kill()
	got := verify(ctx, d.s, sample(slices.Clone(claims)))
	if got.unanswered > 0 {
		d.noticed[kind]++
	}
	d.broken += got.broken
	return ctx.Err()
}

func (d *damage) figures() []figure {
	how := "a bit flipped in, or the end cut off, one of the files of a server that was killed or stopped; then start, and a look at claims: each holds, or the server says that it cannot answer"
	total := 0
	for kind, n := range d.done {
		total += n
		fmt.Printf("damage: %d × %s, of which %d were noticed by then\n", n, kind, d.noticed[kind])
	}
	fmt.Printf("%d damaged files: %d answers broken, %d failed starts, %d wrong answers of the load\n", total, d.broken, d.failedStarts, d.ledger.wrong)
	return []figure{
		atLeast("damaged_files", total, "files", 2*d.o.damages, how),
		atMost("damaged_broken", d.broken, "claims", 0, how),
		atMost("damaged_failed_starts", d.failedStarts, "starts", 0, how),
		atMost("damaged_wrong_answers", d.ledger.wrong, "answers", 0, how),
	}
}
