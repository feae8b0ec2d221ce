package capability_test

import (
	"strings"
	"testing"

	"github.com/authhost/authhost/engine/dispatch"
	"github.com/authhost/authhost/internal/realmtest"
	w "github.com/authhost/authhost/internal/wasmtest"
	"github.com/authhost/authhost/pluginapi"
)

const textMessage = `{"to":"+4915112345678","kind":"code","data":{"code":"123456"}}`

func TestSMS(t *testing.T) {
	for _, tt := range []struct {
		name, args string
		noSMS      bool
		status     pluginapi.Status
		code       string
	}{
		{"message", textMessage, false, pluginapi.StatusOK, ""},
		{"no number", strings.Replace(textMessage, "+49", "0", 1), false, pluginapi.StatusInvalid, pluginapi.CodeNumber},
		{"no code", `{"to":"+4915112345678","kind":"code"}`, false, pluginapi.StatusInvalid, ""},
		{"no provider", textMessage, true, pluginapi.StatusUnavailable, ""},
		{"no provider, no number", strings.Replace(textMessage, "+49", "0", 1), true, pluginapi.StatusInvalid, pluginapi.CodeNumber},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := realmtest.New(t, realmtest.Config{NoSMS: tt.noSMS, Guests: []*w.Guest{guest("guest", []pluginapi.Capability{capability(pluginapi.CapSMS)}, call("c", "sms", "send", tt.args))}})
			answer := run(t, r, 0)
			want(t, answer, "c", tt.status)
			if code := answer.Get("c").Get("result").Get("code").Str(); code != tt.code {
				t.Errorf("code %q, want %q", code, tt.code)
			}
			sent := r.Messages.List()
			if (tt.status == pluginapi.StatusOK) != (len(sent) == 1) {
				t.Fatalf("sent %+v", sent)
			}
			if len(sent) == 1 && (sent[0].To != "+4915112345678" || sent[0].Text != "123456 for App" || sent[0].Tenant != "main" || sent[0].Plugin != "guest" || sent[0].Kind != "code" || !sent[0].CreatedAt.Equal(realmtest.Start)) {
				t.Errorf("sent %+v", sent[0])
			}
			if log := r.Log.String(); strings.Contains(log, "4915112345678") || strings.Contains(log, "123456") {
				t.Errorf("the log has the message: %s", log)
			}
		})
	}
}

// TestSMSIsUndone: of a handler that refuses, nothing is sent.
func TestSMSIsUndone(t *testing.T) {
	r := realmtest.New(t, realmtest.Config{Guests: []*w.Guest{guest("guest", []pluginapi.Capability{capability(pluginapi.CapSMS)},
		w.Call("sms", "send", textMessage), w.Must(), w.Deny("400", "NO", "No"))}})
	ex := r.Exchange(t, dispatch.Request{Method: "POST", Path: "/guest"})
	if err := ex.RunEndpoint(t.Context(), r.Set.Endpoints()[0]); err == nil || len(r.Messages.List()) != 0 {
		t.Errorf("%v, sent %+v", err, r.Messages.List())
	}
}
