package config

import (
	"errors"
	"io/fs"
	"net"
	"strings"
)

// PublicURL is where the tenant is reached: its base URL with its path prefix,
// without a slash at the end.
func (t *Tenant) PublicURL() string { return strings.TrimSuffix(t.BaseURL, "/") + t.PathPrefix }

// EndpointsPath is the base path of the tenant's endpoints below PublicURL,
// without a slash at the end.
func (t *Tenant) EndpointsPath() string { return strings.TrimSuffix(t.BasePath, "/") }

// Tenant returns a tenant by its id, nil if there is none.
func (c *Config) Tenant(id string) *Tenant {
	for i := range c.Tenants {
		if c.Tenants[i].ID == id {
			return &c.Tenants[i]
		}
	}
	return nil
}

// TenantIDs lists the ids of all tenants in the order of the file, for messages.
func (c *Config) TenantIDs() string {
	ids := make([]string, len(c.Tenants))
	for i, t := range c.Tenants {
		ids[i] = t.ID
	}
	return strings.Join(ids, ", ")
}

// Cause is an error of the file system or the network without the operation
// and the path or address, which its fault names already.
func Cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
