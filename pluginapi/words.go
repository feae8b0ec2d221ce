package pluginapi

import (
	"cmp"
	"slices"
	"strings"
)

// capabilityWords say what a plugin does with a capability, for operators.
var capabilityWords = map[string]string{
	CapStorage:      "keeps records of its own",
	CapIdentity:     "finds and changes users and their accounts",
	CapSession:      "begins, finds and ends sessions",
	CapVerification: "keeps values until they are used or their time is over",
	CapCrypto:       "signs and encrypts with the tenant's secret",
	CapKeys:         "signs tokens and publishes the keys to check them",
	CapEmail:        "sends mails",
	CapSMS:          "sends text messages to phones",
	CapRateLimit:    "counts what clients do",
	CapRandom:       "makes random values",
	CapAudit:        "writes to the audit log",
	CapCookies:      "sees and moves the cookies of clients, sessions included",
	CapOpenAPI:      "describes the endpoints of the tenant",
	CapHTTP:         "calls other servers",
	CapPlugins:      "calls services of other plugins, and raises events of its own",
	CapSchedule:     "makes appointments for itself, and cancels them",
	CapXML:          "checks signatures of XML documents, and signs such documents with keys of its settings or kept sealed",
}

// Words describe a request for a capability, for operators: its name, what a
// plugin does with it, how far, and why.
func (c Capability) Words() string {
	what := capabilityWords[c.Name]
	if c.Name == CapCrypto && len(c.Purposes) == 0 {
		what = "hashes, checks signatures, and signs with secrets of its settings"
	}
	return described(c.Name, what, c.Scope())
}

// Words describe a request for a permission likewise.
func (p Permission) Words() string {
	info, _ := PermissionNamed(p.Name)
	what := info.Words()
	return described(p.Name, what, strings.TrimPrefix(strings.TrimPrefix(p.Scope(), what), "; "))
}

func described(name, what, scope string) string {
	return strings.TrimSuffix(name+" ("+what+"): "+scope, ": ")
}

// What hooks do with what their event is about.
const (
	verbLooks   = "looks at"
	verbRefuses = "may refuse"
	verbHears   = "is told of"
	verbDecides = "decides about"
)

// eventWords are verbs with what they are about, for operators.
var eventWords = map[string][][2]string{
	EventRequestBefore:   {{verbLooks, "requests"}, {verbRefuses, "requests"}},
	EventRequestAfter:    {{verbLooks, "answers"}},
	EventRequestRefused:  {{verbLooks, "refusals"}},
	EventResponseSession: {{verbLooks, "answers about sessions"}},
	EventTokenClaims:     {{verbRefuses, "tokens of other plugins"}},
	EventMailSending:     {{verbRefuses, "mails"}},
	EventOriginTrusted:   {{verbDecides, "sites that the tenant does not name"}},
	EventPasswordPolicy:  {{verbRefuses, "new passwords"}},
	EventIdentityLinking: {{verbRefuses, "links of accounts to users"}},
}

// modelWords name the records that events are about.
var modelWords = map[string]string{"user": "users", "account": "linked accounts", "session": "sessions", "verification": "one-time tokens"}

// recordWords are the words for events about records, by the event without the
// model.
var recordWords = map[string][2]string{
	"creating": {verbRefuses, "new "}, "updating": {verbRefuses, "changes of "}, "deleting": {verbRefuses, "deletions of "},
	"created": {verbHears, "new "}, "updated": {verbHears, "changed "}, "deleted": {verbHears, "deleted "},
}

// hookWords returns what a hook on an event does; of an event without words,
// that it is called.
func hookWords(event string) [][2]string {
	if words, ok := eventWords[event]; ok {
		return words
	}
	model, what, _ := strings.Cut(event, ".")
	if words, ok := recordWords[what]; ok && modelWords[model] != "" {
		return [][2]string{{words[0], words[1] + modelWords[model]}}
	}
	return [][2]string{{"is called on", event}}
}

// HookWords say when a plugin is called besides for its endpoints, for
// operators: a line for each thing that it does.
func (m *Manifest) HookWords() []string {
	var verbs []string
	about := map[string][]string{}
	for _, h := range m.Handlers {
		if h.Kind != KindHook {
			continue
		}
		for _, words := range hookWords(h.Event) {
			verb, what := words[0], words[1]
			if !slices.Contains(verbs, verb) {
				verbs = append(verbs, verb)
			}
			if !slices.Contains(about[verb], what) {
				about[verb] = append(about[verb], what)
			}
		}
	}
	for i, verb := range verbs {
		verbs[i] = verb + " " + strings.Join(about[verb], ", ")
	}
	return verbs
}

// MailWords say which mails a plugin sends, for operators.
func (m *Manifest) MailWords() []string {
	if len(m.Mails) == 0 {
		return nil
	}
	return []string{"sends the mails " + strings.Join(m.MailNames(), ", ")}
}

// MessageWords say which text messages a plugin sends, for operators.
func (m *Manifest) MessageWords() []string {
	if len(m.Messages) == 0 {
		return nil
	}
	return []string{"sends the text messages " + strings.Join(m.MessageNames(), ", ")}
}

// ScheduleWords say when a plugin is called by itself, for operators.
func (m *Manifest) ScheduleWords() []string {
	var out []string
	for _, h := range m.Handlers {
		if h.Kind != KindSchedule {
			continue
		}
		out = append(out, "runs "+h.Schedule+" by itself ("+h.When()+")")
	}
	return out
}

// When says when a schedule runs, for operators: its cron expression and where
// the configuration has another, or that the plugin makes appointments for it.
func (h *Handler) When() string {
	when := cmp.Or(h.Cron, "at times that it names")
	if h.CronFrom != "" {
		when += ", or as config." + h.CronFrom + " says"
	}
	return when
}

// FieldWords say which fields of records a plugin adds, for operators.
func (m *Manifest) FieldWords() []string {
	var out []string
	for _, model := range extensibleModels {
		var names []string
		for name := range m.Fields[model] {
			names = append(names, model+"."+name)
		}
		if len(names) > 0 {
			slices.Sort(names)
			out = append(out, "adds "+strings.Join(names, ", "))
		}
	}
	return out
}

// OfferWords say what a plugin has for others, for operators.
func (m *Manifest) OfferWords() []string {
	var services, out []string
	for _, h := range m.Handlers {
		if h.Kind == KindService {
			services = append(services, FullName(m.ID, h.Service))
		}
	}
	if len(services) > 0 {
		out = append(out, "answers other plugins that call "+strings.Join(services, ", "))
	}
	var events []string
	for name := range m.Events {
		events = append(events, FullName(m.ID, name))
	}
	if len(events) > 0 {
		slices.Sort(events)
		out = append(out, "tells other plugins of "+strings.Join(events, ", "))
	}
	return out
}

// DoesWords say what a plugin does besides serving endpoints: the lines of
// HookWords, OriginWords, ScheduleWords, FieldWords, OfferWords, MailWords and
// MessageWords.
func (m *Manifest) DoesWords() []string {
	return slices.Concat(m.HookWords(), m.OriginWords(), m.ScheduleWords(), m.FieldWords(), m.OfferWords(), m.MailWords(), m.MessageWords())
}

// AccessWords say what a plugin with some permissions does, sees and changes, for
// operators: a line for capabilities, one for each permission, and those of
// DoesWords.
func (m *Manifest) AccessWords(may PermissionSet) []string {
	var out, uses []string
	for _, c := range m.Capabilities {
		use := c.Name
		c.Reason = ""
		if scope := c.Scope(); scope != "" {
			use += " (" + scope + ")"
		}
		uses = append(uses, use)
	}
	if len(uses) > 0 {
		out = append(out, "uses "+strings.Join(uses, ", "))
	}
	for _, info := range permissions {
		if !may.Has(info.Set) {
			continue
		}
		words := info.Words()
		if p, asked := m.Permission(info.Name); asked && info.Set == PermFields {
			p.Reason = ""
			words = p.Scope()
		}
		out = append(out, words)
	}
	return append(out, m.DoesWords()...)
}
