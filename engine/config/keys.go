package config

import "time"

// Keys says when the keys change with which a tenant signs tokens for other
// services, such as Convex.
type Keys struct {
	// How long a key signs before the next one takes over; 0 is until "authhost keys rotate".
	RotateEvery Duration `yaml:"rotateEvery" default:"0s" min:"0s"`
	// How long a new key is published before it signs; at least twice maxAge, so that every verifier knows it by then.
	PublishAhead Duration `yaml:"publishAhead" default:"2h" min:"2s"`
	// How long a key stays published after its successor took over. No token may live longer.
	Overlap Duration `yaml:"overlap" default:"7d" min:"1s"`
	// How long verifiers may cache the public keys; what Cache-Control of the key sets says.
	MaxAge Duration `yaml:"maxAge" default:"1h" min:"1s"`
}

// ServiceKey is a key with which a server of the application calls endpoints,
// those for servers alone included. Browsers must never have it.
type ServiceKey struct {
	// Name of the key in the audit log and the rate limits, unique in the tenant: 1 to 40 of a-z, 0-9 and "-".
	ID string `yaml:"id,required"`
	// The key, as "authhost keys new-service-key" makes it. Usually ${NAME} or file:PATH.
	Key Secret `yaml:"key"`
	// Instead of key: its SHA-256 in hex, as the same command prints it, so that this file does not have the key.
	KeyHash Secret `yaml:"keyHash"`
	// Endpoints that it may call, as paths below basePath, such as /server/* or /change-password. "*" stands for any characters.
	Scopes []string `yaml:"scopes,required"`
	// When it ends: a date, such as 2027-01-31 (its beginning in UTC), or a time (RFC 3339). Left out, never.
	Expires string `yaml:"expires"`
	// How many calls it may make, whatever their endpoints.
	RateLimit ServiceRate `yaml:"rateLimit"`
}

// ServiceRate bounds the calls of a service key.
type ServiceRate struct {
	// How long a key that used up its calls must wait.
	Window Duration `yaml:"window" default:"10s" min:"1s"`
	// Calls within the window.
	Max int64 `yaml:"max" default:"1000" min:"1"`
}

// ExpiresAt returns when the key ends; zero: never. Of a text that is no time
// ok is false.
func (k ServiceKey) ExpiresAt() (at time.Time, ok bool) {
	if k.Expires == "" {
		return time.Time{}, true
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, k.Expires); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}
