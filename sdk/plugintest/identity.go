package plugintest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// user finds the user with an id or, if that is nil, with an address.
func (h *Host) user(id, email any) Object {
	if id != nil {
		return h.one("user", "id", id)
	}
	return h.one("user", "email", address(email))
}

func (h *Host) findUser(a Object) Object {
	if a["field"] != nil {
		return h.uniqueUser(text(a["field"]), a["value"])
	}
	return h.user(a["id"], a["email"])
}

// shown is a record without the fields that the manifest hides from clients.
func (h *Host) shown(model string, r Object) Object {
	r = maps.Clone(r)
	for name, f := range h.manifest.Fields[model] {
		if f.Returned != nil && !*f.Returned {
			delete(r, name)
		}
	}
	return r
}

// draft makes a user record of the plugin's fields and a client's.
func (h *Host) draft(fields, input Object) Object {
	user := maps.Clone(fields)
	maps.DeleteFunc(user, func(name string, v any) bool { return v == nil || name == "id" })
	user["name"], user["email"], user["emailVerified"] = text(user["name"]), address(user["email"]), user["emailVerified"] == true
	h.takeInput("user", h.stamped(user), input, true)
	for name, f := range h.manifest.Fields["user"] {
		_, given := user[name]
		switch {
		case given:
		case f.Default != nil:
			user[name] = decode(h.t, string(f.Default))
		case f.Required && input != nil:
			reject(400, "MISSING_FIELD", name+" is required")
		}
	}
	return user
}

// takeInput adds those fields of a client's that are open to clients. A closed
// one is refused, unless it is of a new record and has a default.
func (h *Host) takeInput(model string, fields, input Object, fresh bool) {
	for name, f := range h.manifest.Fields[model] {
		v, given := input[name]
		_, set := fields[name]
		switch {
		case !given || set:
		case f.Input == nil || *f.Input:
			fields[name] = accepted(name, f, v)
		case v != nil && v != false && v != "" && !(fresh && f.Default != nil):
			reject(400, pluginapi.FieldNotAllowed, name+" is not allowed to be set")
		}
	}
}

// accepted is a client's value as a field has it.
func accepted(name string, f pluginapi.Field, v any) any {
	if t, err := time.Parse(time.RFC3339, text(v)); f.Type == "date" && err == nil {
		v = iso(t)
	}
	if v == nil && f.Required || v != nil && !isOf(f.Type, v) {
		reject(400, "VALIDATION_ERROR", "[body."+name+"] Invalid input: expected "+f.Type+", received "+kindOf(v))
	}
	return v
}

func (h *Host) draftUser(a Object) Object {
	if account := object(a["account"]); account["providerId"] == sdk.ProviderCredential {
		h.policy(account["password"])
	}
	user := h.draft(object(a["user"]), object(a["input"]))
	user["id"] = h.id("user", 32)
	if _, set := user["image"]; !set {
		user["image"] = nil // as the store has it
	}
	return Object{"user": h.shown("user", user)}
}

// policy raises password.policy.
func (h *Host) policy(password any) {
	h.verdict(pluginapi.EventPasswordPolicy, Object{"password": text(password)}, nil)
}

// create stores a record, with the events of its model.
func (h *Host) create(model string, fields Object) Object {
	hidden := secretsOf(fields)
	h.verdict(model+".creating", fields, nil)
	maps.Copy(fields, hidden)
	r := h.insert(model, normal(model, fields))
	h.done(model+".created", r, nil)
	return r
}

// change changes a record, with the events of its model; fixed fields stay
// what they are.
func (h *Host) change(model string, r, set Object, fixed ...string) {
	before, hidden := maps.Clone(r), secretsOf(set)
	set["updatedAt"] = iso(h.now)
	h.verdict(model+".updating", set, withoutSecretFields(before))
	maps.DeleteFunc(set, func(name string, _ any) bool { return slices.Contains(fixed, name) })
	maps.Copy(set, hidden)
	capEnd(set, r)
	h.update(model, r, normal(model, set))
	if model == "user" {
		h.noteAddressChange(before, r)
	}
	h.done(model+".updated", r, before)
}

// drop deletes a record, with the events of its model.
func (h *Host) drop(model string, r Object) {
	h.verdict(model+".deleting", withoutSecretFields(r), nil)
	h.remove(model, r)
	h.done(model+".deleted", r, nil)
}

// address is an address as users have it: in lower case, without spaces around
// it.
func address(email any) string { return strings.ToLower(strings.TrimSpace(text(email))) }

// normal brings the address of a user into its form.
func normal(model string, set Object) Object {
	if email, given := set["email"]; given && model == "user" {
		if address(email) == "" {
			refuse(sdk.Invalid, "email: not an address")
		}
		set["email"] = address(email)
	}
	return set
}

// tokenFields are the tokens of an account.
var tokenFields = []string{"accessToken", "refreshToken", "idToken"}

// secretsOf takes what hooks do not see out of the fields of an account.
func secretsOf(fields Object) Object {
	out := Object{}
	for _, name := range append([]string{"password"}, tokenFields...) {
		if v, ok := fields[name]; ok {
			out[name] = v
			delete(fields, name)
		}
	}
	return out
}

func withoutSecretFields(r Object) Object {
	r = maps.Clone(r)
	secretsOf(r)
	return r
}

// public is an account as handlers see it.
func public(account Object) Object {
	out := withoutSecretFields(account)
	out["hasPassword"] = text(account["password"]) != ""
	return out
}

func (h *Host) createUser(a Object) Object {
	given := object(a["account"])
	if given != nil {
		h.mayWrite(given)
	}
	user := h.create("user", h.draft(object(a["user"]), object(a["input"])))
	out := Object{"user": h.shown("user", user)}
	if given != nil {
		out["account"] = public(h.createAccount(user["id"], given))
	}
	return out
}

// mayWrite checks the access that fields of an account need.
func (h *Host) mayWrite(account Object) {
	asked, _ := h.manifest.Capability(pluginapi.CapIdentity)
	tokens := slices.ContainsFunc(tokenFields, func(name string) bool { return text(account[name]) != "" })
	for model, needed := range map[string]bool{"account": true, pluginapi.IdentityTokens: tokens} {
		if needed && !slices.Contains(asked.Write, model) {
			refuse(sdk.Denied, "the manifest does not ask to write "+model)
		}
	}
}

func (h *Host) createAccount(userID any, given Object) Object {
	account := maps.Clone(given)
	maps.DeleteFunc(account, func(name string, v any) bool { return v == nil || name == "id" || name == "password" })
	account["userId"], account["accountId"] = userID, cmp.Or(text(given["accountId"]), text(userID))
	if given["providerId"] == sdk.ProviderCredential {
		h.policy(given["password"])
		account["password"] = text(given["password"])
	}
	return h.create("account", h.stamped(account))
}

func (h *Host) updateUser(a Object) Object {
	user, set := h.user(a["id"], nil), Object{}
	maps.Copy(set, object(a["set"]))
	h.takeInput("user", set, object(a["input"]), false)
	if len(set) == 0 {
		refuseWith(sdk.Invalid, pluginapi.NoFields, "No fields to update")
	}
	h.change("user", user, set, "id", "createdAt")
	return h.shown("user", user)
}

func (h *Host) deleteUser(a Object) Object {
	user := h.user(a["id"], nil)
	h.dropSessions(a["id"], "")
	h.drop("user", user)
	return nil
}

// account finds the account of a user at a provider.
func (h *Host) account(a Object) Object {
	return h.one("account", "userId+providerId", a["userId"], a["providerId"])
}

// linked finds the account that a provider knows by an id.
func (h *Host) linked(a Object) Object {
	return h.one("account", "providerId+accountId", a["providerId"], a["accountId"])
}

func (h *Host) listAccounts(a Object) Object {
	list := h.list("account", "userId+providerId", a["userId"])
	accounts := []any{}
	for _, account := range list[:min(len(list), pluginapi.MaxPage)] {
		accounts = append(accounts, public(account))
	}
	return Object{"accounts": accounts}
}

func (h *Host) deleteAccount(a Object) Object {
	find := h.account
	if a["accountId"] != nil {
		find = h.linked
	}
	account := find(a)
	if account["userId"] != a["userId"] {
		panic(errNotFound)
	}
	h.drop("account", account)
	return nil
}

func (h *Host) findLinked(a Object) Object {
	account := h.linked(a)
	return Object{"account": public(account), "user": h.user(account["userId"], nil)}
}

func (h *Host) linkAccount(a Object) Object {
	given := object(a["account"])
	if given["providerId"] == sdk.ProviderCredential {
		refuse(sdk.Invalid, "a password is set with setPassword")
	}
	event := Object{}
	maps.Copy(event, object(a["profile"]))
	maps.Copy(event, Object{
		"userId": a["userId"], "providerId": given["providerId"], "accountId": given["accountId"],
		"userEmail": h.user(a["userId"], nil)["email"], "implicit": a["implicit"] == true,
	})
	h.verdict(pluginapi.EventIdentityLinking, event, nil)
	h.mayWrite(given)
	return public(h.createAccount(a["userId"], given))
}

func (h *Host) updateAccount(a Object) Object {
	account, set := h.linked(a), maps.Clone(object(a["set"]))
	h.mayWrite(set)
	delete(set, "password")
	h.change("account", account, set, "id", "userId", "providerId", "accountId", "password", "createdAt")
	return public(account)
}

func (h *Host) accountTokens(a Object) Object {
	tokens := secretsOf(maps.Clone(h.linked(a)))
	maps.DeleteFunc(tokens, func(name string, v any) bool { return text(v) == "" || name == "password" })
	return tokens
}

func (h *Host) verifyPassword(a Object) Object {
	user := find(h.Users(), "id", a["userId"])
	if a["userId"] == nil {
		user = find(h.Users(), "email", address(a["email"]))
	}
	if password := h.Password(text(user["id"])); password == "" || a["password"] != password {
		return Object{"valid": false}
	}
	return Object{"valid": true, "user": h.shown("user", user)}
}

func (h *Host) setPassword(a Object) Object {
	h.user(a["userId"], nil)
	account := find(where(h.Accounts(), "userId", a["userId"]), "providerId", sdk.ProviderCredential)
	if account == nil {
		h.createAccount(a["userId"], Object{"providerId": sdk.ProviderCredential, "password": a["password"]})
		return nil
	}
	h.policy(a["password"])
	h.change("account", account, Object{"password": a["password"]}, "id", "userId")
	return nil
}

func (h *Host) listUsers(a Object) Object {
	users, next := h.sorted("user", h.meeting("user", h.state.Records["user"], a), a)
	return listed("users", users, next)
}

func (h *Host) countUsers(a Object) Object {
	return counted(len(h.meeting("user", h.state.Records["user"], a)), a)
}

func (h *Host) getUsers(a Object) Object { return listed("users", h.withIDs("user", a["ids"]), "") }

// uniqueUser finds a user by a unique field.
func (h *Host) uniqueUser(name string, value any) Object {
	if name != "id" && !h.models["user"].Fields[name].Unique || value == nil {
		refuse(sdk.Invalid, name+": not a field that tells users apart, or no value of it")
	}
	users := h.meeting("user", h.state.Records["user"], Object{"where": []any{Object{"field": name, "value": value}}})
	if len(users) == 0 {
		panic(errNotFound)
	}
	return users[0]
}
