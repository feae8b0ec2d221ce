package apierror_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/apierror"
)

func TestFrom(t *testing.T) {
	teapot := apierror.New(418, "TEAPOT", "No coffee")
	late := fmt.Errorf("store: %w", context.DeadlineExceeded)
	tests := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"itself", teapot, 418, "TEAPOT"},
		{"wrapped", fmt.Errorf("while brewing: %w", teapot), 418, "TEAPOT"},
		{"joined", errors.Join(errors.New("other"), teapot), 418, "TEAPOT"},
		{"a fault", errors.New("disk"), 500, "INTERNAL_SERVER_ERROR"},
		{"out of time", late, 503, "SERVICE_UNAVAILABLE"},
		{"out of time, with an answer", apierror.Internal(late), 500, "INTERNAL_SERVER_ERROR"},
		{"canceled", context.Canceled, 500, "INTERNAL_SERVER_ERROR"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := apierror.From(tt.err)
			if got.Status != tt.status || got.Code != tt.code {
				t.Errorf("got %d %s", got.Status, got.Code)
			}
			if strings.Contains(got.Message, "disk") || strings.Contains(got.Message, "store") {
				t.Errorf("the client is told %q", got.Message)
			}
			if tt.status >= 500 && !errors.Is(got, tt.err) && !errors.Is(tt.err, got) {
				t.Error("the cause is lost")
			}
		})
	}
}

func TestWithCause(t *testing.T) {
	cause := errors.New("disk full")
	plain := apierror.New(503, "BUSY", "Later")
	with := plain.WithCause(cause)
	if !errors.Is(with, cause) || errors.Is(plain, cause) || with.Message != "Later" {
		t.Errorf("got %v and %v", with, plain)
	}
	if got := with.Error(); got != "503 BUSY: Later: disk full" {
		t.Errorf("got %s", got)
	}
}
