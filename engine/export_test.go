package engine

import "github.com/authhost/authhost/engine/identity"

// WithPasswords returns options whose engine has passwords hashed by p,
// whatever its tenants say; nil leaves it to them.
func (o Options) WithPasswords(p identity.Passwords) Options {
	o.passwords = p
	return o
}
