package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// text returns a scalar's text with ${NAME} replaced and, if files is set,
// file:PATH replaced by the file's content. ok is false after a fault.
func (d *decoder) text(n *node, files bool) (text string, ok bool) {
	switch n.kind {
	case textKind:
	case boolKind, intKind, floatKind:
		return n.text, true
	default:
		d.wrongKind(n, textKind)
		return "", false
	}
	if d.plain {
		return n.text, true
	}
	text, err := expand(n.text, d.env)
	// Whether a file is named is decided before variables are replaced: what
	// comes from the environment does not choose files.
	if err == nil && files && strings.HasPrefix(n.text, filePrefix) {
		text, err = readSecretFile(d.dir, strings.TrimPrefix(text, filePrefix))
	}
	var p *problem
	if errors.As(err, &p) {
		d.add(n.pos, p.message, p.remedy)
		return "", false
	}
	return text, true
}

func (d *decoder) str(n *node, v reflect.Value, tag reflect.StructTag) {
	text, ok := d.text(n, false)
	if !ok {
		return
	}
	if enum := tag.Get("enum"); enum != "" && !slices.Contains(strings.Split(enum, ","), text) {
		d.add(n.pos, fmt.Sprintf("%q is not one of the choices", text), "write one of: "+strings.ReplaceAll(enum, ",", ", "))
		return
	}
	v.SetString(text)
}

func (d *decoder) boolean(n *node, v reflect.Value) {
	text, ok := d.text(n, false)
	if !ok {
		return
	}
	if text != "true" && text != "false" {
		d.add(n.pos, fmt.Sprintf("%q is neither true nor false", text), "write true or false")
		return
	}
	v.SetBool(text == "true")
}

func (d *decoder) duration(n *node, v reflect.Value, tag reflect.StructTag) {
	text, ok := d.text(n, false)
	if !ok {
		return
	}
	value, err := ParseDuration(text)
	if err != nil {
		d.add(n.pos, fmt.Sprintf("%q is not a duration", text), durationRemedy)
		return
	}
	if least, err := ParseDuration(tag.Get("min")); err == nil && value < least {
		d.add(n.pos, fmt.Sprintf("%s is too short", text), fmt.Sprintf("write at least %s", least))
		return
	}
	v.SetInt(int64(value))
}

func (d *decoder) prefix(n *node, v reflect.Value) {
	text, ok := d.text(n, false)
	if !ok {
		return
	}
	prefix, err := netip.ParsePrefix(text)
	if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		prefix, err = addr.Prefix(addr.BitLen())
	}
	if err != nil {
		d.add(n.pos, fmt.Sprintf("%q is neither an address nor a range", text), "write an IP address or a CIDR range such as 10.0.0.0/8")
		return
	}
	v.Set(reflect.ValueOf(prefix.Masked()))
}

// number decodes into any integer type, within the tag's min and max.
func (d *decoder) number(n *node, v reflect.Value, tag reflect.StructTag) {
	text, ok := d.text(n, false)
	if !ok {
		return
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		d.add(n.pos, fmt.Sprintf("%q is not a whole number", text), "write a whole number")
		return
	}
	least, most := bound(tag.Get("min"), 0), bound(tag.Get("max"), math.MaxInt64)
	if v.Kind() == reflect.Uint32 {
		most = min(most, math.MaxUint32)
	}
	if value < least || value > most {
		remedy := fmt.Sprintf("write a number from %d to %d", least, most)
		if most == math.MaxInt64 {
			remedy = fmt.Sprintf("write at least %d", least)
		}
		d.add(n.pos, fmt.Sprintf("%d is out of range", value), remedy)
		return
	}
	if v.CanUint() {
		v.SetUint(uint64(value))
	} else {
		v.SetInt(value)
	}
}

// bound returns the number in a min or max tag, or the fallback.
func bound(tag string, fallback int64) int64 {
	if n, err := strconv.ParseInt(tag, 10, 64); err == nil {
		return n
	}
	return fallback
}
