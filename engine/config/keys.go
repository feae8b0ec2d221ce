package config

import "time"

// Keys says when the keys change with which a tenant signs tokens for other
// services, such as Convex.
type Keys struct {
	// Time for which a key signs before the next one replaces it. 0: until "authhost keys rotate".
	RotateEvery Duration `yaml:"rotateEvery" default:"0s" min:"0s"`
	// Time between the publication of a key and its first signature; at least twice maxAge, so that every verifier knows the key.
	PublishAhead Duration `yaml:"publishAhead" default:"2h" min:"2s"`
	// Time for which a key stays published after its successor has begun to sign. No token may live longer.
	Overlap Duration `yaml:"overlap" default:"7d" min:"1s"`
	// Time for which verifiers may cache the public keys: the Cache-Control of the key sets.
	MaxAge Duration `yaml:"maxAge" default:"1h" min:"1s"`
}

// ServiceKey is a key with which a server of the application calls endpoints,
// those for servers alone included. Browsers must never have it.
type ServiceKey struct {
	// Name of the key in the audit log and the rate limits; unique in the tenant. 1 to 40 of a-z, 0-9 and "-".
	ID string `yaml:"id,required"`
	// The key, as "authhost keys new-service-key" makes it. Usually ${NAME} or file:PATH.
	Key Secret `yaml:"key"`
	// SHA-256 of the key in hex, instead of key, so that this file does not contain the key. The same command prints it.
	KeyHash Secret `yaml:"keyHash"`
	// Endpoints that the key opens, as paths below basePath, such as /server/* or /change-password. "*" stands for any characters.
	Scopes []string `yaml:"scopes,required"`
	// End of the key: a date, such as 2027-01-31 (its beginning in UTC), or a time (RFC 3339). Default: no end.
	Expires string `yaml:"expires"`
	// Limit of the key's calls to all endpoints together.
	RateLimit ServiceRate `yaml:"rateLimit"`
}

// ServiceRate bounds the calls of a service key.
type ServiceRate struct {
	// Length of the window. A key that has used up its calls waits until the window ends.
	Window Duration `yaml:"window" default:"10s" min:"1s"`
	// Number of calls within the window.
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
