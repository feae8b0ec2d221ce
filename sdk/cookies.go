package sdk

// Cookies is the capability "cookies": the cookies of the whole tenant, for
// clients that carry them by another way than the headers Cookie and
// Set-Cookie.
type Cookies struct{ c *Call }

// Cookies returns the capability.
func (c *Call) Cookies() Cookies { return Cookies{c} }

// Inject adds cookies, in the form of a Cookie header, to those of the
// request; request.before hooks may. Of two cookies of one name the request's
// own counts.
func (k Cookies) Inject(header string) Status {
	k.c.Arg("header", String(header))
	return k.c.host.cookies("inject")
}

// Detach takes the cookies off the answer and returns their Set-Cookie values;
// hooks on response.session and request.after may.
func (k Cookies) Detach() ([]string, Status) {
	if s := k.c.host.cookies("detach"); s != OK {
		return nil, s
	}
	var lines []string
	for i := int64(0); ; i++ {
		line := k.c.Result("lines." + Int(i).Text())
		if line.IsAbsent() {
			return lines, OK
		}
		lines = append(lines, line.String())
	}
}
