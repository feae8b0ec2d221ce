package main

import (
	"strings"
	"testing"
	"time"
)

// TestProgress feeds the events of a run, and compares what is said.
func TestProgress(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	p := newProgress(&out, func() time.Time { return now })
	feed := func(seconds int, events ...string) {
		now = now.Add(time.Duration(seconds) * time.Second)
		if err := p.read(strings.NewReader(strings.Join(events, "\n"))); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(remindEvery)
	p.remind()
	feed(0,
		`{"Action":"start","Package":"a"}`,
		`{"Action":"start","Package":"b"}`,
		`{"Action":"output","Package":"a","Test":"TestGood","Output":"noise of a good test\n"}`,
		`{"Action":"pass","Package":"a","Test":"TestGood"}`,
		`{"Action":"output","Package":"b","Test":"TestBad","Output":"what went wrong\n"}`,
		`{"Action":"fail","Package":"b","Test":"TestBad"}`,
		`{"Action":"output","Package":"b","Test":"TestCutOff","Output":"before the panic\n"}`)
	feed(12)
	p.remind()
	feed(1,
		`{"Action":"pass","Package":"a","Elapsed":13}`,
		`{"Action":"output","Package":"b","Output":"panic\n"}`,
		`{"Action":"fail","Package":"b","Elapsed":13}`,
		`{"ImportPath":"c","Action":"build-output","Output":"c.go:1: it does not compile\n"}`,
		`{"Action":"start","Package":"c"}`,
		`{"Action":"fail","Package":"c","FailedBuild":"c"}`,
		`{"Action":"start","Package":"d"}`,
		`{"Action":"skip","Package":"d"}`,
		`not JSON`)
	p.end()
	want := `  10 s  …     compiling
  22 s  …     a (12 s), b (12 s)
  23 s  ok    a  13.0 s
what went wrong
panic
before the panic
  23 s  FAIL  b  13.0 s
c.go:1: it does not compile
  23 s  FAIL  c  0.0 s
not JSON
  23 s  3 packages, 2 failed
`
	if out.String() != want {
		t.Errorf("said\n%s\nwant\n%s", out.String(), want)
	}
}
