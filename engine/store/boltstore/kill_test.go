package boltstore_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/authhost/authhost/engine/document"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/engine/store/boltstore"
	"github.com/authhost/authhost/engine/store/storetest"
)

// killFolder tells a copy of the test binary to be the process that gets
// killed, and where its data is.
const killFolder = "AUTHHOST_TEST_KILL_FOLDER"

// TestKill kills a process in the middle of writes, several times over the
// same files: what it acknowledged is there, and the file is sound.
func TestKill(t *testing.T) {
	if dir := os.Getenv(killFolder); dir != "" {
		writeForever(t, dir)
		return
	}
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	dir := t.TempDir()
	var acknowledged []string
	for round := range rounds {
		acknowledged = append(acknowledged, writeAndKill(t, dir, 50+rand.IntN(400))...)
		files, err := boltstore.CheckDir(t.Context(), dir, func(path string, err error) {
			if err != nil {
				t.Errorf("round %d: %s: %v", round, path, err)
			}
		})
		if err != nil || files != 1 {
			t.Fatalf("CheckDir: %d files, %v", files, err)
		}
		s := open(t, dir)
		tenant := openTenant(t, s)
		for _, id := range acknowledged {
			session, err := tenant.Find(t.Context(), "session", "token", document.Text("token-"+id))
			if err != nil || session.Str("userId") != id {
				t.Fatalf("round %d: %s was acknowledged and is gone: %v", round, id, err)
			}
		}
		closeAll(t, s)
	}
}

// writeAndKill runs the writing process until it has acknowledged n writes,
// and returns all that it acknowledged.
func writeAndKill(t *testing.T, dir string, n int) []string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKill$", "-test.v")
	child.Env = append(os.Environ(), killFolder+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged, other []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		id, ok := strings.CutPrefix(lines.Text(), "ok ")
		if !ok {
			other = append(other, lines.Text())
			continue
		}
		if acknowledged = append(acknowledged, id); len(acknowledged) == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // killed
	if len(acknowledged) < n {
		t.Fatalf("the writing process ended after %d writes: %s", len(acknowledged), strings.Join(other, "\n"))
	}
	return acknowledged
}

// writeForever signs up users from many goroutines and prints each that was
// acknowledged.
func writeForever(t *testing.T, dir string) {
	s := open(t, dir)
	tenant, err := s.Open(context.Background(), "main", storetest.Schema())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println() // end the line that the test framework began
	var mu sync.Mutex
	var workers sync.WaitGroup
	for worker := range 50 {
		workers.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), worker, i)
				fields := document.NewObject(2).Set("token", document.Text("token-"+id)).Set("userId", document.Text(id))
				ops := []store.Op{newUser(id), {Kind: store.Insert, Model: "session", ID: id, Fields: fields}}
				if i%3 == 2 {
					ops = append(ops, store.Op{Kind: store.Delete, Model: "user", ID: fmt.Sprintf("%d-%d-%d", os.Getpid(), worker, i-1)})
				}
				if err := tenant.Apply(context.Background(), ops); err != nil {
					t.Error(err)
					return
				}
				if i%3 != 1 { // those are deleted by the next write
					mu.Lock()
					fmt.Println("ok " + id)
					mu.Unlock()
				}
			}
		})
	}
	workers.Wait()
}
