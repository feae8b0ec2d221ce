package hosttest

import "regexp"

var uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// randomCases are those of the capability random.
var randomCases = map[string]func(*tester){
	"random.uuid": func(t *tester) {
		t.serve(Request{}, func(g *guest) {
			a, b := g.do("random.uuid", nil), g.do("random.uuid", object{})
			if !uuidPattern.MatchString(a.text("value")) || a.text("value") == b.text("value") {
				t.Errorf("got %s and %s", text(a), text(b))
			}
		})
	},
}
