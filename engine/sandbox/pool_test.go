package sandbox

import (
	"context"
	"testing"
	"time"
)

// TestPoolAsksForOneAhead checks when a pool wants an instance to be made
// before somebody needs it, and that it keeps its bounds then.
func TestPoolAsksForOneAhead(t *testing.T) {
	p := newPool(4, 3, 0, time.Second)
	get := func(wantIdle, wantAhead bool) *Instance {
		t.Helper()
		inst, ahead, err := p.get(context.Background(), "")
		if err != nil || (inst != nil) != wantIdle || ahead != wantAhead {
			t.Errorf("instance %v, ahead %v, %v", inst != nil, ahead, err)
		}
		return inst
	}
	add := func(inst *Instance, wantSurplus bool) {
		t.Helper()
		if surplus := p.add(inst); (surplus != nil) != wantSurplus {
			t.Errorf("surplus %v, want %v", surplus != nil, wantSurplus)
		}
	}
	spare := &Instance{ahead: true}
	get(false, true)
	get(false, false) // one is being made
	add(spare, false)
	if inst := get(true, false); inst != spare { // three are in use, which will be idle
		t.Error("not the one made ahead")
	}
	p.put(nil, "")
	get(false, false)
	p.put(nil, "")
	p.put(nil, "")
	get(false, true)
	get(false, false)
	add(&Instance{}, true) // three are in use by now
	p.put(nil, "")
	p.put(nil, "")
	used := &Instance{}
	p.put(used, "")
	if inst := get(true, true); inst != used {
		t.Error("not the idle one")
	}
	add(nil, false) // it could not be made
	p.put(used, "")
	if inst := get(true, true); inst != used {
		t.Error("not the idle one")
	}
	add(&Instance{ahead: true}, false)
	p.put(used, "")
	if broken, needless := p.trim(time.Now().Add(time.Second)); len(broken) > 0 || len(needless) != 1 || !needless[0].ahead {
		t.Errorf("trimmed %v, %v", broken, needless)
	}
	if inst := get(true, true); inst != used {
		t.Error("not the idle one")
	}
}
