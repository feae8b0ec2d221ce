package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authhost/authhost/engine/config"
	"github.com/authhost/authhost/internal/testcache"
	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/plugins"
)

// The scripts of testdata/script run the whole program, each in a folder of
// its own. Besides testscript's commands they have
//
//	module FILE [CAPABILITY|import:MODULE|manifest:FILE] ...   writes a plugin's module; no manifest is checked
//	address NAME     sets a variable to a free address of this host
//	occupy NAME      the same, and listens there until the script ends
//	await ADDRESS    waits until the server's admin listener answers there
//	await URL CODE   waits until a GET is answered with that status
//	await FILE TEXT  waits until the file contains the text
//	newest NAME DIR  sets a variable to the last entry of a folder
//	hangup           sends SIGHUP to the server in the background
//	exec http METHOD URL [BODY [cookie=LINE]]    prints the status, and the body of the answer
//
// and the condition [plugins]: the built-in plugins have been built. $SDK is the
// folder of this module.
func TestScripts(t *testing.T) {
	sdk, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache, err := testcache.Dir()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Condition: func(name string) (bool, error) {
			if name != "plugins" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			_, err := plugins.Module("convex")
			return err == nil, nil
		},
		Cmds: commands(),
		Setup: func(e *testscript.Env) error {
			e.Setenv("SDK", sdk)
			e.Setenv(testcache.EnvDir, cache)
			return keepPrivate(e.WorkDir)
		},
	})
}

// keepPrivate takes the script's configurations away from other users: they have
// secrets, and the server warns of that.
func keepPrivate(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	for _, file := range files {
		err = errors.Join(err, os.Chmod(file, 0o600))
	}
	return err
}

func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"module": writeModule, "address": address, "occupy": occupy, "await": await, "hangup": hangup, "newest": newest,
	}
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"authhost": authhostMain, "http": httpMain})
}

// authhostMain is main, with the compiled modules of all tests where the
// configuration names no folder for them, and the environment variable does. A
// script that is about the folder unsets it.
func authhostMain() {
	if os.Getenv(testcache.EnvDir) != "" {
		cacheSecret = []byte(testcache.Secret)
		loadConfig = func(path string) (*config.Config, error) {
			cfg, err := config.Load(path)
			if err == nil && cfg.Server.CacheDir == filepath.Join(cfg.Server.DataDir, "cache") {
				cfg.Server.CacheDir, err = testcache.Modules()
			}
			return cfg, err
		}
	}
	main()
}

func writeModule(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: module FILE [CAPABILITY|import:MODULE|manifest:FILE] ...")
	}
	var imports []string
	var manifest []byte
	for _, arg := range args[1:] {
		switch kind, value, ok := strings.Cut(arg, ":"); {
		case !ok:
			imports = append(imports, pluginapi.CapabilityPrefix+arg)
		case kind == "import":
			imports = append(imports, value)
		case kind == "manifest":
			manifest = []byte(ts.ReadFile(value))
		default:
			ts.Fatalf("module: unknown argument %q", arg)
		}
	}
	wasm := guest(imports...)
	if manifest != nil {
		wasm = appendSection(wasm, 0, join(name(pluginapi.ManifestSection), manifest))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), wasm, 0o644))
}

func address(ts *testscript.TestScript, neg bool, args []string) {
	listenFor(ts, neg, args).Close()
}

func occupy(ts *testscript.TestScript, neg bool, args []string) {
	l := listenFor(ts, neg, args)
	ts.Defer(func() { l.Close() })
}

// listenFor listens on a free port and sets the variable that args names. The
// port is below those that the system hands out, so that nobody who asks for
// any port is given it before the script uses it.
func listenFor(ts *testscript.TestScript, neg bool, args []string) net.Listener {
	if neg || len(args) != 1 {
		ts.Fatalf("the usage is with the name of one variable")
	}
	const first, ports, tries = 12000, 18000, 100
	for range tries {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", first+rand.IntN(ports)))
		if err == nil {
			ts.Setenv(args[0], l.Addr().String())
			return l
		}
	}
	ts.Fatalf("found no free port")
	return nil
}

// startTimeout is ample for the first compilation on a busy machine.
const startTimeout = 2 * time.Minute

func await(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case !neg && len(args) == 1:
		until(ts, func() error { return answers("http://"+args[0]+"/readyz", "200") })
	case !neg && len(args) == 2 && strings.HasPrefix(args[0], "http://"):
		until(ts, func() error { return answers(args[0], args[1]) })
	case !neg && len(args) == 2:
		until(ts, func() error { return contains(ts.MkAbs(args[0]), args[1]) })
	default:
		ts.Fatalf("usage: await ADDRESS, await URL CODE, or await FILE TEXT")
	}
}

// until tries something again and again until it succeeds.
func until(ts *testscript.TestScript, try func() error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			ts.Fatalf("%v", err)
		}
	}
}

func answers(url, code string) error {
	res, err := http.Get(url)
	if err != nil {
		return err
	}
	res.Body.Close()
	if !strings.HasPrefix(res.Status, code) {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	return nil
}

func contains(file, text string) error {
	data, err := os.ReadFile(file)
	if err == nil && !bytes.Contains(data, []byte(text)) {
		err = fmt.Errorf("%s has no %q:\n%s", file, text, data)
	}
	return err
}

func hangup(ts *testscript.TestScript, neg bool, args []string) {
	running := ts.BackgroundCmds()
	if neg || len(args) > 0 || len(running) != 1 {
		ts.Fatalf("usage: hangup, with one server in the background")
	}
	ts.Check(running[0].Process.Signal(syscall.SIGHUP))
}

func httpMain() {
	var body io.Reader
	if len(os.Args) > 3 {
		body = bytes.NewReader([]byte(os.Args[3]))
	}
	req, err := http.NewRequest(os.Args[1], os.Args[2], body)
	if err != nil {
		fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if len(os.Args) > 4 {
		req.Header.Set("Cookie", strings.TrimPrefix(os.Args[4], "cookie="))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fatal(err)
	}
	defer res.Body.Close()
	fmt.Println(res.Status)
	if _, err := io.Copy(os.Stdout, res.Body); err != nil {
		fatal(err)
	}
	fmt.Println()
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func newest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: newest NAME DIR")
	}
	entries, err := os.ReadDir(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(entries) == 0 {
		ts.Fatalf("%s is empty", args[1])
	}
	ts.Setenv(args[0], args[1]+"/"+entries[len(entries)-1].Name())
}
