//go:build !wasip1

package sdk

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

var errTaken = &Error{Status: 409, Code: "TAKEN", Message: "It is taken"}

// TestConclude: what each kind of returned error means to the host.
func TestConclude(t *testing.T) {
	notFound := &HostError{Status: NotFound, Function: "storage.get"}
	denied := []string{"set error.status 409", `set error.code "TAKEN"`, `set error.message "It is taken"`}
	for name, tt := range map[string]struct {
		err    error
		result Result
		asked  []string
		logged []string
	}{
		"nil":                       {err: nil, result: ResultContinue},
		"an answer":                 {err: Respond, result: ResultRespond},
		"an answer, wrapped":        {err: fmt.Errorf("redirecting: %w", Respond), result: ResultRespond},
		"a refusal":                 {err: errTaken, result: ResultDeny, asked: denied},
		"a refusal, wrapped":        {err: fmt.Errorf("storing: %w", errTaken), result: ResultDeny, asked: denied},
		"a refusal without code":    {err: &Error{Status: 400, Message: "No"}, result: ResultDeny, asked: []string{"set error.status 400", `set error.code ""`, `set error.message "No"`}},
		"a refusal, said otherwise": {err: errTaken.WithMessage("Ada has it"), result: ResultDeny, asked: []string{"set error.status 409", `set error.code "TAKEN"`, `set error.message "Ada has it"`}},
		"a refusal that keeps":      {err: errTaken.KeepWrites(), result: ResultRespond, asked: []string{"set response.status 409", `set response.body {"message":"It is taken","code":"TAKEN"}`}},
		"one that keeps, empty":     {err: (&Error{Status: 404}).KeepWrites(), result: ResultRespond, asked: []string{"set response.status 404", "delete response.body"}},
		"a host call":               {err: notFound, result: ResultFailed},
		"a host call, wrapped":      {err: fmt.Errorf("looking: %w", notFound), result: ResultFailed},
		"a host call, as an answer": {err: (&HostError{Code: "TAKEN", Message: "It is taken"}).Answer(409), result: ResultDeny, asked: denied},
		"a fault":                   {err: errors.New("no such day"), result: ResultFailed, logged: []string{"3 no such day"}},
		"a status":                  {err: NotFound, result: ResultFailed, logged: []string{"3 not found"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := new(scriptedHost)
			if got := handle(h, func(*Call) error { return tt.err }); got != tt.result {
				t.Errorf("got %d, want %d", got, tt.result)
			}
			if !slices.Equal(h.asked, tt.asked) || !slices.Equal(h.logged, tt.logged) {
				t.Errorf("asked %q, logged %q", h.asked, h.logged)
			}
		})
	}
}

// TestWritesNotDone: the first write that was not done makes the handler fail,
// unless it returns an error of its own.
func TestWritesNotDone(t *testing.T) {
	const fault = "3 set response.body.a: denied"
	for name, tt := range map[string]struct {
		err    error
		result Result
		logged []string
	}{
		"nil":              {nil, ResultFailed, []string{fault}},
		"an answer":        {Respond, ResultFailed, []string{fault}},
		"a refusal":        {errTaken, ResultDeny, nil},
		"one that keeps":   {errTaken.KeepWrites(), ResultRespond, nil},
		"a fault":          {errors.New("no such day"), ResultFailed, []string{"3 no such day"}},
		"what Err returns": {&HostError{Status: Denied, Function: "set response.body.a"}, ResultFailed, []string{fault}},
	} {
		t.Run(name, func(t *testing.T) {
			h := &scriptedHost{refused: map[string]Status{"response.body.a": Denied, "response.body.b": Invalid}}
			got := handle(h, func(c *Call) error {
				if c.Err() != nil {
					t.Errorf("before: %v", c.Err())
				}
				_ = c.Reply(F("a", Int(1)), F("b", Int(2)), F("c", Int(3)))
				if want := (HostError{Status: Denied, Function: "set response.body.a"}); c.Err() == nil || *c.Err().(*HostError) != want { //nolint:errorlint // the very type
					t.Errorf("after: %v", c.Err())
				}
				return tt.err
			})
			if got != tt.result || !slices.Equal(h.logged, tt.logged) {
				t.Errorf("got %d, want %d; logged %q, want %q", got, tt.result, h.logged, tt.logged)
			}
		})
	}
}

// TestTry: a write that may fail does not make the handler fail.
func TestTry(t *testing.T) {
	h := &scriptedHost{refused: map[string]Status{"record.a": Invalid}}
	got := handle(h, func(c *Call) error {
		if err := c.Try("record.a", Int(1)); !errors.Is(err, Invalid) {
			t.Errorf("refused: %v", err)
		}
		return c.Try("record.b", Int(2))
	})
	if got != ResultContinue {
		t.Errorf("got %d", got)
	}
}

func TestInvalidInput(t *testing.T) {
	invalid := &HostError{Status: Invalid, Function: "identity.updateUser", Code: "FIELD_NOT_ALLOWED", Message: "plan is not allowed to be set"}
	if err := InvalidInput(invalid); !errors.Is(err, &Error{Status: 400, Code: invalid.Code, Message: invalid.Message}) {
		t.Errorf("got %v", err)
	}
	for _, err := range []error{nil, &HostError{Status: Conflict}, &Error{Status: 422}} {
		if got := InvalidInput(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

func TestIfNotFound(t *testing.T) {
	missing, gone := &HostError{Status: NotFound, Function: "identity.findUser"}, &Error{Status: 404, Code: "GONE"}
	if err := IfNotFound(missing, gone); err != gone {
		t.Errorf("got %v", err)
	}
	if err := IfNotFound(missing, nil); err != nil {
		t.Errorf("where it is no failure: got %v", err)
	}
	for _, err := range []error{nil, &HostError{Status: Conflict}, &Error{Status: 404}} {
		if got := IfNotFound(err, gone); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
}

// TestAnswerNotWritten: a refusal that cannot be written is a fault, not an
// answer of another kind.
func TestAnswerNotWritten(t *testing.T) {
	for path, err := range map[string]*Error{"error.status": {Status: 200, Code: "X"}, "response.body": errTaken.KeepWrites()} {
		h := &scriptedHost{refused: map[string]Status{path: Invalid}}
		if got := handle(h, func(*Call) error { return err }); got != ResultFailed || len(h.logged) != 1 {
			t.Errorf("%s: got %d, logged %q", path, got, h.logged)
		}
	}
}

func TestErrorsAs(t *testing.T) {
	refused := error(&HostError{Status: Conflict, Function: "storage.insert", Code: "C", Message: "it is taken"})
	wrapped := fmt.Errorf("inserting: %w", refused)
	for _, err := range []error{refused, wrapped} {
		if !errors.Is(err, Conflict) || errors.Is(err, NotFound) || CodeOf(err) != "C" {
			t.Errorf("%v is read wrongly", err)
		}
	}
	if got := wrapped.Error(); got != "inserting: storage.insert: conflict: it is taken" {
		t.Errorf("got %q", got)
	}
	if CodeOf(nil) != "" || CodeOf(errTaken) != "" {
		t.Error("CodeOf an error that is not the host's")
	}
	if !errors.Is(errTaken.KeepWrites(), errTaken) || errors.Is(errTaken, &Error{Status: 409, Code: "OTHER"}) || errTaken.keeps {
		t.Error("errors are compared wrongly")
	}
	for err, want := range map[error]string{
		errTaken: "TAKEN: It is taken", &Error{Status: 400, Message: "No"}: "No", Status(77): "unknown status", Unavailable: "unavailable",
	} {
		if err.Error() != want {
			t.Errorf("got %q, want %q", err.Error(), want)
		}
	}
}

// TestLater: a durable delivery that is to come again fails and says why.
func TestLater(t *testing.T) {
	h := new(scriptedHost)
	got := handle(h, func(c *Call) error { return c.Later("busy") })
	if got != ResultFailed || !slices.Equal(h.asked, []string{`set error.message "busy"`}) || h.logged != nil {
		t.Errorf("got %d, asked %q, logged %q", got, h.asked, h.logged)
	}
}
