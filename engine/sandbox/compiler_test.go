package sandbox_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/sandbox"
	w "github.com/authhost/authhost/engine/sandbox/internal/wasmtest"
)

// compilerArg makes the test binary the compiling process.
const compilerArg = "compile-for-the-sandbox"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == compilerArg {
		if err := sandbox.ServeCompiler(context.Background(), os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// compileElsewhere is a Config.Compiler.
func compileElsewhere(ctx context.Context, job io.Reader) error {
	cmd := exec.CommandContext(ctx, os.Args[0], compilerArg)
	cmd.Stdin = job
	cmd.Env = []string{} // none of this process's secrets
	output, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		first, _, _ := strings.Cut(string(output), "\n")
		return &sandbox.CompilerError{Message: exit.String() + ": " + first}
	}
	return err
}

// heavy is a module with much code.
func heavy() []byte {
	g := newGuest()
	var code []byte
	for i := range 3000 {
		code = append(code, w.Cat(w.Get(0), w.I32(int32(i)), w.I32Xor, w.Tee(0), w.If(w.I32(int32(i)), w.Set(0)))...)
	}
	for range 60 {
		g.Func("i>i", "", code, w.Get(0))
	}
	return g.handler(w.I32(6)).Bytes()
}

func TestCompilingOutside(t *testing.T) {
	dir := t.TempDir() + "/cache"
	cfg := sandbox.Config{CacheDir: dir, CacheSecret: cacheSecret, Compiler: compileElsewhere}
	for round := range 2 {
		m := load(t, newRuntime(t, cfg), getSetTake().Bytes())
		if m.Info().FromCache != (round == 1) {
			t.Errorf("round %d: %+v", round, m.Info())
		}
		if _, _, err := run(t, m, &fakeHost{}, sandbox.Limits{}); err != nil {
			t.Error(err)
		}
	}
}

func TestCompilingOutsideIsBounded(t *testing.T) {
	dir := t.TempDir() + "/cache"
	cfg := sandbox.Config{CacheDir: dir, CacheSecret: cacheSecret, Compiler: compileElsewhere, CompileMemory: 48 << 20}
	var said [2]string
	for round := range said {
		_, err := newRuntime(t, cfg).Load(context.Background(), heavy(), sandbox.LoadOptions{})
		if err == nil || !strings.Contains(err.Error(), "the compiling process") {
			t.Fatal(err)
		}
		said[round] = err.Error()
		// The second time, what came of the first is known.
		cfg.Compiler = func(context.Context, io.Reader) error { return errors.New("called again") }
	}
	if said[0] != said[1] {
		t.Errorf("first %q, then %q", said[0], said[1])
	}
}
