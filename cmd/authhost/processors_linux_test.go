package main

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/authhost/authhost/plugins"
)

// TestOneProcessor: a server that has one processor runs Go code on two threads.
// TestNeighbours of package engine shows why.
func TestOneProcessor(t *testing.T) {
	for _, id := range []string{"email-password", "convex"} {
		if _, err := plugins.Module(id); err != nil {
			t.Skipf("%v: run make plugins", err)
		}
	}
	if _, err := exec.LookPath("taskset"); err != nil {
		t.Skipf("%v: it gives the server one processor", err)
	}
	for said, want := range map[string]string{"": "2", "1": "1"} {
		t.Setenv("GOMAXPROCS", said) // the runtime takes an empty one for none
		s := newService(t)
		s.within = "taskset -c " + firstProcessor(t)
		s.start()
		res, err := http.Get("http://" + s.admin.Addr().String() + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		metrics, err := io.ReadAll(res.Body)
		res.Body.Close()
		got := regexp.MustCompile(`(?m)^go_sched_gomaxprocs_threads (.*)$`).FindSubmatch(metrics)
		if err != nil || got == nil || string(got[1]) != want {
			t.Errorf("with GOMAXPROCS=%q: %q, %v; want %s", said, got, err, want)
		}
		s.stop()
	}
}

// firstProcessor returns the number of a processor that this process may use.
func firstProcessor(t *testing.T) string {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	first := regexp.MustCompile(`Cpus_allowed_list:\s+(\d+)`).FindSubmatch(status)
	if first == nil {
		t.Fatal("no Cpus_allowed_list")
	}
	return string(first[1])
}
