package workbench

import (
	"net/http"
	"testing"
)

func TestJar(t *testing.T) {
	j := proof("session=a%3D.b")
	j.keep(http.Header{"Set-Cookie": {"seen=yes; Path=/; Max-Age=60; HttpOnly", "gone=; Path=/; Max-Age=0", "not a cookie"}})
	if got := j.header(); got != "seen=yes; session=a%3D.b" {
		t.Errorf("got %q", got)
	}
	j.keep(http.Header{"Set-Cookie": {"session=; Path=/; Max-Age=0", "seen=no; Path=/"}})
	if got := j.header(); got != "seen=no" {
		t.Errorf("got %q", got)
	}
}
