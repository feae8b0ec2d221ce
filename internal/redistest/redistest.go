package redistest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	startTimeout = 30 * time.Second
	pause        = 5 * time.Millisecond
)

// Server is a running Redis.
type Server struct {
	// URL is where it listens.
	URL string

	t             testing.TB
	network, addr string
	cmd           *exec.Cmd
}

// Start starts a server for one test, which listens on a socket in a folder;
// it stops when the test ends. The test is skipped where Redis is not
// installed.
func Start(t testing.TB) *Server {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "redis.sock")
	return start(t, "unix", socket, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", filepath.Dir(socket))
}

// start runs redis-server and waits until it answers.
func start(t testing.TB, network, addr string, args ...string) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("Redis is not installed: apt-get install redis-server")
	}
	s := &Server{t: t, network: network, addr: addr, URL: "redis://" + addr}
	if network == "unix" {
		s.URL = "unix://" + addr
	}
	s.cmd = exec.Command(binary, args...)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.until("PING", func(answer string) bool { return strings.HasPrefix(answer, "+PONG") })
	return s
}

// startTCP starts a server on a free port.
func startTCP(t testing.TB, args ...string) *Server {
	t.Helper()
	port := freePort(t)
	return start(t, "tcp", "127.0.0.1:"+port, append([]string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
	}, args...)...)
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// until sends a command again and again until good likes the answer.
func (s *Server) until(command string, good func(answer string) bool) {
	s.t.Helper()
	var answer string
	for end := time.Now().Add(startTimeout); time.Now().Before(end); time.Sleep(pause) {
		if answer = s.ask(command); good(answer) {
			return
		}
	}
	s.t.Fatalf("Redis answers %s with %q", command, answer)
}

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 4096

// ask sends one command and returns what comes back first, "" if nothing does.
func (s *Server) ask(command string) string {
	conn, err := net.DialTimeout(s.network, s.addr, time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		return ""
	}
	buf := make([]byte, maxAnswer)
	n, _ := conn.Read(buf)
	return string(buf[:n])
}

// must sends one command that is answered with OK.
func (s *Server) must(command string) {
	s.t.Helper()
	if answer := s.ask(command); !strings.HasPrefix(answer, "+OK") {
		s.t.Fatalf("%s: %q", command, answer)
	}
}

// Stop ends the server; what it had is gone.
func (s *Server) Stop() {
	if s.cmd.Process != nil && s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// Flush empties it.
func (s *Server) Flush() {
	s.t.Helper()
	s.must("FLUSHALL")
}

// slots is how many slots a cluster has.
const slots = 16384

// StartCluster starts a Redis Cluster of n nodes without replicas, and returns
// them. Their URL names one of them.
func StartCluster(t testing.TB, n int) []*Server {
	t.Helper()
	var nodes []*Server
	for i := range n {
		bus := freePort(t)
		node := startTCP(t, "--cluster-enabled", "yes", "--cluster-port", bus)
		node.must(fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", i*slots/n, (i+1)*slots/n-1))
		if i > 0 {
			_, port, _ := net.SplitHostPort(node.addr)
			nodes[0].must("CLUSTER MEET 127.0.0.1 " + port + " " + bus)
		}
		nodes = append(nodes, node)
	}
	for _, node := range nodes {
		node.until("CLUSTER INFO", func(answer string) bool {
			return strings.Contains(answer, "cluster_state:ok") && strings.Contains(answer, "cluster_known_nodes:"+strconv.Itoa(n))
		})
	}
	return nodes
}

// Group is a server with a replica, watched by a Sentinel.
type Group struct {
	// URL names the Sentinel.
	URL string
	// Leader and Replica are as they were at the beginning.
	Leader, Replica *Server
}

// downAfter is how long the Sentinel waits for the leader, in milliseconds.
const downAfter = 200

// StartGroup starts a group whose Sentinel makes the replica lead when the
// leader is gone.
func StartGroup(t testing.TB) *Group {
	t.Helper()
	leader := startTCP(t, "--repl-diskless-sync-delay", "0")
	_, port, _ := net.SplitHostPort(leader.addr)
	replica := startTCP(t, "--replicaof", "127.0.0.1 "+port)
	replica.until("INFO replication", func(answer string) bool { return strings.Contains(answer, "master_link_status:up") })
	dir, own := t.TempDir(), freePort(t)
	file := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor main 127.0.0.1 %s 1\nsentinel down-after-milliseconds main %d\nsentinel failover-timeout main 2000\n",
		own, dir, port, downAfter)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := start(t, "tcp", "127.0.0.1:"+own, file, "--sentinel")
	sentinel.until("SENTINEL MASTER main", func(answer string) bool { return strings.Contains(answer, "num-slaves\r\n$1\r\n1") })
	return &Group{URL: sentinel.URL + "/0?master_name=main", Leader: leader, Replica: replica}
}

// Fail ends the leader, once the replica has as many keys, and waits until the
// replica leads.
func (g *Group) Fail() {
	g.Replica.t.Helper()
	keys := g.Leader.ask("DBSIZE")
	g.Replica.until("DBSIZE", func(answer string) bool { return answer == keys })
	g.Leader.Stop()
	g.Replica.until("ROLE", func(answer string) bool { return strings.Contains(answer, "master") })
}
