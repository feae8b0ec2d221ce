package mail

import (
	"errors"
	"testing"
)

// What asks for a mail must not wait for its rendering.
func TestQueueRendersInTheBackground(t *testing.T) {
	box := NewOutbox(10)
	q := NewQueue(box, QueueConfig{})
	sender := q.Rendering(*renderer(t))
	if err := sender.Send(t.Context(), Message{To: "a@example.com", Plugin: "old", Template: "reset-password"}); err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), Message{To: "a@example.com, b@example.com"}); !errors.Is(err, ErrAddress) {
		t.Errorf("two addresses: %v", err)
	}
	if err := q.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := box.List()
	if len(list) != 1 || list[0].Subject == "" || list[0].Text == "" || list[0].HTML == "" || list[0].CreatedAt.IsZero() {
		t.Fatalf("not delivered as rendered: %+v", list)
	}
}
