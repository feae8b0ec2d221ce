package plugintest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

func (h *Host) sendMail(a Object) Object {
	message := maps.Clone(a)
	if languages := text(object(object(h.call.root["request"])["headers"])["accept-language"]); languages != "" && message["languages"] == nil {
		message["languages"] = languages
	}
	decoy := message["decoy"] == true
	delete(message, "decoy")
	h.mailValues(message)
	if !decoy {
		h.verdict(pluginapi.EventMailSending, message, nil)
	}
	values := h.mailValues(message) // hooks may have changed them
	if strings.ContainsAny(text(message["to"]), "\r\n\x00") {
		refuse(sdk.Invalid, "argument to must be one address")
	}
	mail := Mail{
		To: text(message["to"]), Template: text(message["template"]),
		URL: text(message["url"]), Token: text(message["token"]), OTP: text(message["otp"]), Data: object(message["data"]),
	}
	declared, _ := h.manifest.Mail(mail.Template)
	template, err := declared.Compile("")
	if err != nil {
		refuse(sdk.Internal, err.Error()) // not of a manifest that was checked
	}
	made, err := template.Render(text(h.tenant["appName"]), values)
	if err != nil {
		refuse(sdk.Invalid, err.Error())
	}
	mail.Subject, mail.Text, mail.HTML = cmp.Or(text(message["subject"]), made.Subject), made.Text, made.HTML
	if !decoy {
		h.state.Mails = append(h.state.Mails, mail)
	}
	return nil
}

// mailValues checks what a mail is to show.
func (h *Host) mailValues(message Object) map[string]string {
	values, err := h.manifest.MailValues(message)
	if err != nil {
		refuse(sdk.Invalid, err.Error())
	}
	return values
}

// sendMessage sends a text message in the plugin's own words.
func (h *Host) sendMessage(a Object) Object {
	message := TextMessage{To: text(a["to"]), Kind: text(a["kind"]), Data: object(a["data"])}
	if !pluginapi.ValidPhoneNumber(message.To) {
		refuseWith(sdk.Invalid, pluginapi.CodeNumber, "argument to must be a number in the form of E.164, such as +4915112345678")
	}
	values, err := h.manifest.MessageValues(message.Kind, message.Data)
	if err != nil {
		refuse(sdk.Invalid, err.Error())
	}
	declared := h.manifest.Messages[message.Kind]
	template, err := declared.Compile("")
	if err != nil {
		refuse(sdk.Internal, err.Error()) // not of a manifest that was checked
	}
	if message.Text, err = template.Render(text(h.tenant["appName"]), values); err != nil {
		refuseWith(sdk.Invalid, pluginapi.CodeLength, "message "+message.Kind+": "+err.Error())
	}
	if a["decoy"] != true {
		h.state.Messages = append(h.state.Messages, message)
	}
	return nil
}

// alphabets are those that random.string knows by name.
var alphabets = map[string]string{
	"": lower + upper + digits, "lower": lower, "upper": upper, "digits": digits, "url": lower + upper + digits + "-_",
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// randomString counts, in the letters that are asked for.
func (h *Host) randomString(a Object) Object {
	letters, named := alphabets[text(a["alphabet"])]
	if !named {
		letters = text(a["alphabet"])
	}
	if len(letters) < 2 || len(letters) > 256 {
		refuse(sdk.Invalid, "argument alphabet must have 2 to 256 characters")
	}
	h.sequence++
	out := make([]byte, number64(a["length"]))
	for i, n := len(out)-1, h.sequence; i >= 0; i-- {
		out[i] = letters[n%len(letters)]
		n /= len(letters)
	}
	return Object{"value": string(out)}
}

func (h *Host) uuid() string {
	h.sequence++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", h.sequence)
}

func (h *Host) randomUUID(Object) Object { return Object{"value": h.uuid()} }

// window counts the uses of a key since the first.
type window struct {
	Uses int64
	Ends time.Time
}

func (h *Host) hit(a Object) Object {
	name := text(a["key"])
	w := h.state.Windows[name]
	if !h.now.Before(w.Ends) {
		w = window{Ends: h.now.Add(seconds(a["window"]))}
	}
	if w.Uses >= number64(a["max"]) {
		left := w.Ends.Sub(h.now) + time.Second - 1
		return Object{"allowed": false, "retryAfter": number(int64(left / time.Second))}
	}
	w.Uses++
	h.keep(func() { h.state.Windows[name] = w })
	return Object{"allowed": true, "retryAfter": number(0)}
}

func (h *Host) resetHits(a Object) Object {
	h.keep(func() { delete(h.state.Windows, text(a["key"])) })
	return nil
}

func (h *Host) recordAudit(a Object) Object {
	h.keep(func() { h.state.Audit = append(h.state.Audit, a) })
	return nil
}

// only refuses a call outside of hooks on some events.
func (h *Host) only(events ...string) {
	if !slices.Contains(events, h.call.event) {
		refuse(sdk.Denied, "this call is for hooks on "+strings.Join(events, ", "))
	}
}

func (h *Host) describe(Object) Object {
	return Object{
		"openapi": "3.1.1", "info": Object{"title": h.tenant["appName"], "version": "1"},
		"paths": Object{"/ok": Object{"get": Object{"summary": "Is it there?", "responses": Object{"200": Object{"description": "Yes"}}}}},
	}
}
