package pluginapi

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	idPattern      = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	versionPattern = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)
	wordPattern    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	memberPattern  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,62}$`)
	handlerPattern = regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,62}$`)
	codePattern    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,79}$`)
	cookiePattern  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}\*?$`)
	memberCookie   = regexp.MustCompile(`^[a-z][A-Za-z0-9_-]{0,126}$`)
	hostPattern    = regexp.MustCompile(`^(\*|(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|config:(\*|[A-Za-z][A-Za-z0-9]*)(\.(\*|[A-Za-z][A-Za-z0-9]*))*)$`)
	pathFrom       = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$`)
)

// Names that plugins cannot take.
var (
	reservedIDs      = []string{"engine", "authhost"}
	reservedCookies  = []string{"session_token", "session_data", "dont_remember", "admin_session"}
	reservedFields   = []string{"id", "__proto__", "constructor", "prototype"}
	coreModels       = []string{"user", "session", "account", "verification", "jwks", "rateLimit", "outbox", "lease", "schedule"}
	extensibleModels = []string{"user", "session", "account", "verification"}
	fieldTypes       = []string{"string", "number", "boolean", "date", "json"}
)

// CoreModel reports whether a model is the engine's: plugins may add fields to
// some of them, and reach none of them through the capability "storage".
func CoreModel(name string) bool { return slices.Contains(coreModels, name) }

// ExtensibleModels lists the core models that manifests add fields to.
func ExtensibleModels() []string { return slices.Clone(extensibleModels) }

// ManifestError is one thing that is wrong with a manifest.
type ManifestError struct {
	At      string // where, such as "handlers[2].path"
	Problem string // what, and what is allowed
}

func (e *ManifestError) Error() string { return "manifest: " + e.At + ": " + e.Problem }

// report collects what is wrong.
type report struct{ errs []error }

func (r *report) add(at, format string, args ...any) {
	r.errs = append(r.errs, &ManifestError{At: at, Problem: fmt.Sprintf(format, args...)})
}

// want reports a value that does not fit a pattern.
func (r *report) want(at, value string, pattern *regexp.Regexp) {
	if !pattern.MatchString(value) {
		r.add(at, "%q does not match %s", value, pattern)
	}
}

// oneOf reports a value that is not in a list.
func (r *report) oneOf(at, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		r.add(at, "%q is not one of %s", value, quoted(allowed))
	}
}

func quoted(words []string) string { return `"` + strings.Join(words, `", "`) + `"` }

// Validate checks everything in a manifest that can be checked without the
// engine it will run on and without the other plugins of a tenant. The error
// joins one *ManifestError for each fault; nil means that there is none.
// Whether the ABI version suits this engine is Compatible's to say, and
// whether paths collide with the engine's the engine's.
func (m *Manifest) Validate() error {
	r := new(report)
	if m.validateCounts(r); r.errs != nil {
		return errors.Join(r.errs...) // checking so many would take long, and say little
	}
	r.want("id", m.ID, idPattern)
	if slices.Contains(reservedIDs, m.ID) {
		r.add("id", "%q is reserved", m.ID)
	}
	if !versionPattern.MatchString(m.Version) {
		r.add("version", "%q is not a semantic version such as 1.0.0", m.Version)
	}
	if _, _, err := parseABI(m.ABI); err != nil {
		r.add("abi", "%s", err)
	}
	m.validateCapabilities(r)
	m.validatePermissions(r)
	m.validateHandlers(r)
	m.validateModels(r)
	m.validateCookies(r)
	m.validateCORS(r)
	m.validateOriginHeader(r)
	m.validateImports(r)
	m.validateErrors(r)
	m.validateRaised(r)
	m.validateMails(r)
	m.validateMessages(r)
	checkObject(r, "config", m.Config)
	checkDefaults(r, "config", m.Config)
	return errors.Join(r.errs...)
}

func (m *Manifest) validateCapabilities(r *report) {
	seen := map[string]bool{}
	for i, c := range m.Capabilities {
		at := fmt.Sprintf("capabilities[%d]", i)
		switch {
		case !slices.Contains(CapabilityNames(), c.Name):
			r.oneOf(at+".name", c.Name, CapabilityNames()...)
			continue
		case seen[c.Name]:
			r.add(at+".name", "%q is asked for twice", c.Name)
		}
		seen[c.Name] = true
		m.validateParameters(r, at, c)
	}
}

// validateParameters checks that a capability has the parameters which it
// needs, and no others: a parameter that means nothing would mislead the
// operator.
func (m *Manifest) validateParameters(r *report, at string, c Capability) {
	models := c.Name == CapStorage || c.Name == CapIdentity
	needs := func(name string, values []string, wanted bool) {
		switch {
		case wanted && len(values) == 0:
			r.add(at+"."+name, "the capability %q needs at least one", c.Name)
		case !wanted && len(values) > 0:
			r.add(at+"."+name, "the capability %q does not have this parameter", c.Name)
		}
	}
	if !models {
		needs("read", c.Read, false)
		needs("write", c.Write, false)
	} else if len(c.Read)+len(c.Write) == 0 {
		r.add(at, "the capability %q needs models in read or write", c.Name)
	}
	needs("keys", c.Keys, c.Name == CapKeys)
	if c.Name != CapCrypto { // hmac with a secret of the configuration needs none
		needs("purposes", c.Purposes, false)
	}
	needs("hosts", c.Hosts, c.Name == CapHTTP)
	if c.Name != CapPlugins {
		needs("services", c.Services, false)
	} else {
		m.validateServices(r, at, c.Services)
	}
	if c.Name == CapSchedule && !m.appoints() {
		r.add(at, "the capability %q needs a handler of kind %q without cron, for which the plugin makes appointments", c.Name, KindSchedule)
	}
	for _, host := range c.Hosts {
		r.want(at+".hosts", host, hostPattern)
	}
	for _, model := range slices.Concat(c.Read, c.Write) {
		if _, own := m.Models[model]; c.Name == CapStorage && !own {
			r.add(at, "%q is not a model of this manifest; storage reaches own models only", model)
		} else if c.Name == CapIdentity && !slices.Contains([]string{"user", "account", IdentityTokens}, model) {
			r.add(at, `%q is not one of "user", "account", "tokens"`, model)
		}
	}
	for _, word := range slices.Concat(c.Keys, c.Purposes) {
		r.want(at, word, wordPattern)
	}
}

// ConfigHost begins a host of the capability "http" that is taken from the
// configuration: the host of the URL at that path, of which a segment "*"
// stands for every member.
const ConfigHost = "config:"

func (m *Manifest) validateModels(r *report) {
	for name, model := range m.Models {
		at := "models." + name
		r.want(at, name, memberPattern)
		if CoreModel(name) {
			r.add(at, "%q is a model of the engine; add to it under \"fields\"", name)
		}
		for field, f := range model.Fields {
			m.validateField(r, at+".fields."+field, field, f)
		}
		for i, index := range model.Indexes {
			at := fmt.Sprintf("%s.indexes[%d]", at, i)
			if len(index.Fields) == 0 {
				r.add(at, "an index needs at least one field")
			}
			for _, field := range index.Fields {
				if _, ok := model.Fields[field]; !ok {
					r.add(at, "%q is not a field of %q", field, name)
				}
			}
		}
	}
	for model, fields := range m.Fields {
		r.oneOf("fields", model, extensibleModels...)
		for field, f := range fields {
			m.validateField(r, "fields."+model+"."+field, field, f)
		}
	}
}

func (m *Manifest) validateField(r *report, at, name string, f Field) {
	r.want(at, name, memberPattern)
	if slices.Contains(reservedFields, name) {
		r.add(at, "%q is reserved", name)
	}
	r.oneOf(at+".type", f.Type, fieldTypes...)
	if f.IgnoreCase && (f.Type != "string" || f.References != "") {
		r.add(at+".ignoreCase", "only a string that is no reference has case to ignore")
	}
	checkFieldDefault(r, at, f)
	if f.References == "" {
		return
	}
	if _, own := m.Models[f.References]; !own && !CoreModel(f.References) {
		r.add(at+".references", "there is no model %q; it is one of this manifest, or one of %s", f.References, quoted(coreModels))
	}
	if f.Type != "string" {
		r.add(at+".type", `a reference is of type "string"`)
	}
}

// sealedCookie checks what is different for a cookie that only the host reads
// and that ends with a session.
func (r *report) sealedCookie(at string, c Cookie) {
	if c.Signed {
		r.add(at+".signed", "a sealed cookie needs no signature")
	}
	if c.HTTPOnly != nil && !*c.HTTPOnly {
		r.add(at+".httpOnly", "a sealed cookie is not for scripts")
	}
	if strings.HasSuffix(c.Name, CookieFamily) {
		r.add(at+".name", "%q: a sealed cookie has one name", c.Name)
	}
	if c.MaxAge == 0 {
		r.add(at+".maxAge", "a sealed cookie has to end")
	}
}

func (m *Manifest) validateCORS(r *report) {
	if m.CORS == nil {
		return
	}
	for _, name := range slices.Concat(m.CORS.AllowHeaders, m.CORS.ExposeHeaders) {
		r.want("cors", strings.ToLower(name), headerPattern)
	}
}

func (m *Manifest) validateCookies(r *report) {
	seen := map[string]bool{}
	for i, c := range m.Cookies {
		at := fmt.Sprintf("cookies[%d]", i)
		r.want(at+".name", c.Name, cookiePattern)
		for _, reserved := range reservedCookies {
			if c.Covers(reserved) {
				r.add(at+".name", "%q is the engine's", reserved)
			}
		}
		if seen[c.Name] {
			r.add(at+".name", "%q is declared twice", c.Name)
		}
		seen[c.Name] = true
		if c.MaxAge < 0 {
			r.add(at+".maxAge", "%d is negative", c.MaxAge)
		}
		r.oneOf(at+".sameSite", c.SameSite, "", "strict", "lax", "none")
		if c.Sealed {
			r.sealedCookie(at, c)
		}
		if c.Path != "" && !strings.HasPrefix(c.Path, "/") {
			r.add(at+".path", "%q does not start with /", c.Path)
		}
	}
}
