package plugintest

import (
	"maps"
	"slices"
	"strings"

	sdk "github.com/authhost/authhost/sdk/next"
)

func (h *Host) identity() map[string]Function {
	return map[string]Function{
		"identity.findUser": func(a Object) (sdk.Status, any) { return found(h.lookup(a)) },
		"identity.createUser": func(a Object) (sdk.Status, any) {
			return h.createUser(a)
		},
		"identity.draftUser": func(a Object) (sdk.Status, any) {
			return sdk.OK, Object{"user": h.newUser(h.merged(a, "user"))}
		},
		"identity.updateUser":    h.updateUser,
		"identity.deleteUser":    h.deleteUser,
		"identity.findAccount":   h.findAccount,
		"identity.listAccounts":  h.listAccounts,
		"identity.deleteAccount": h.deleteAccount,
		"identity.findLinked": func(a Object) (sdk.Status, any) {
			account := h.linked(a)
			if account == nil {
				return sdk.NotFound, nil
			}
			return sdk.OK, Object{"account": public(account), "user": h.User(text(account["userId"]))}
		},
		"identity.linkAccount":   h.linkAccount,
		"identity.updateAccount": h.updateAccount,
		"identity.accountTokens": func(a Object) (sdk.Status, any) {
			account := h.linked(a)
			if account == nil {
				return sdk.NotFound, nil
			}
			return sdk.OK, clone(Object{"accessToken": account["accessToken"], "refreshToken": account["refreshToken"], "idToken": account["idToken"]})
		},
		"identity.verifyPassword": func(a Object) (sdk.Status, any) {
			user := h.lookup(a)
			password := h.Password(text(user["id"]))
			if password == "" || a["password"] != password {
				return sdk.OK, Object{"valid": false}
			}
			return sdk.OK, Object{"valid": true, "user": user}
		},
		"identity.setPassword": func(a Object) (sdk.Status, any) {
			if h.User(text(a["userId"])) == nil {
				return sdk.NotFound, nil
			}
			h.setPassword(text(a["userId"]), text(a["password"]))
			return sdk.OK, nil
		},
		"identity.equalize": func(Object) (sdk.Status, any) { return sdk.OK, nil },
	}
}

func found(o Object) (sdk.Status, any) {
	if o == nil {
		return sdk.NotFound, nil
	}
	return sdk.OK, o
}

func (h *Host) lookup(a Object) Object {
	for _, name := range []string{"id", "userId"} {
		if a[name] != nil {
			return h.User(text(a[name]))
		}
	}
	return find(h.state.Users, "email", strings.ToLower(text(a["email"])))
}

// newUser makes a user record of the given fields.
func (h *Host) newUser(fields Object) Object {
	user := Object{"name": "", "emailVerified": false}
	maps.Copy(user, fields)
	maps.DeleteFunc(user, func(_ string, v any) bool { return v == nil })
	user["email"] = strings.ToLower(text(user["email"]))
	user["id"], user["createdAt"], user["updatedAt"] = h.id("user", 32), h.iso(h.now), h.iso(h.now)
	return user
}

// merged returns the object at a member, with the fields of args.input that
// the manifest declares as open to clients.
func (h *Host) merged(a Object, member string) Object {
	out := Object{}
	input, _ := a["input"].(Object)
	for name, field := range h.manifest.Fields["user"] {
		if v, ok := input[name]; ok && (field.Input == nil || *field.Input) {
			out[name] = v
		} else if member == "user" && field.Default != nil {
			out[name] = decode(h.t, string(field.Default))
		}
	}
	given, _ := a[member].(Object)
	maps.Copy(out, given)
	return out
}

func (h *Host) createUser(a Object) (sdk.Status, any) {
	user := h.newUser(h.merged(a, "user"))
	if find(h.state.Users, "email", user["email"]) != nil {
		return sdk.Conflict, nil
	}
	h.state.Users = append(h.state.Users, user)
	account, _ := a["account"].(Object)
	if account == nil {
		return sdk.OK, Object{"user": user}
	}
	id := text(user["id"])
	if account["providerId"] == providerCredential {
		h.setPassword(id, text(account["password"]))
	} else {
		maps.Copy(h.addAccount(id, text(account["providerId"]), text(account["accountId"])), account)
	}
	return sdk.OK, Object{"user": user, "account": public(h.account(id, text(account["providerId"])))}
}

// linked returns the account that a provider knows by an id.
func (h *Host) linked(a Object) Object {
	for _, account := range h.state.Accounts {
		if account["providerId"] == a["providerId"] && account["accountId"] == a["accountId"] {
			return account
		}
	}
	return nil
}

func (h *Host) linkAccount(a Object) (sdk.Status, any) {
	fields, _ := a["account"].(Object)
	if h.User(text(a["userId"])) == nil {
		return sdk.NotFound, nil
	}
	if h.linked(fields) != nil {
		return sdk.Conflict, nil
	}
	account := h.addAccount(text(a["userId"]), text(fields["providerId"]), text(fields["accountId"]))
	maps.Copy(account, fields)
	return sdk.OK, public(account)
}

func (h *Host) updateAccount(a Object) (sdk.Status, any) {
	account := h.linked(a)
	if account == nil {
		return sdk.NotFound, nil
	}
	set, _ := a["set"].(Object)
	maps.Copy(account, set)
	account["updatedAt"] = h.iso(h.now)
	return sdk.OK, public(account)
}

func (h *Host) updateUser(a Object) (sdk.Status, any) {
	user := h.User(text(a["id"]))
	if user == nil {
		return sdk.NotFound, nil
	}
	set := h.merged(a, "set")
	if len(set) == 0 {
		return sdk.Invalid, Object{"code": "NO_FIELDS", "message": "there is nothing to change"}
	}
	if other := find(h.state.Users, "email", set["email"]); other != nil && other["id"] != user["id"] {
		return sdk.Conflict, nil
	}
	maps.Copy(user, set)
	user["updatedAt"] = h.iso(h.now)
	return sdk.OK, user
}

func (h *Host) deleteUser(a Object) (sdk.Status, any) {
	id := text(a["id"])
	if h.User(id) == nil {
		return sdk.NotFound, nil
	}
	owned := func(o Object) bool { return o["userId"] == id }
	h.state.Users = slices.DeleteFunc(h.state.Users, func(u Object) bool { return u["id"] == id })
	h.state.Accounts = slices.DeleteFunc(h.state.Accounts, owned)
	h.state.Sessions = slices.DeleteFunc(h.state.Sessions, owned)
	return sdk.OK, nil
}

func (h *Host) account(userID, providerID string) Object {
	for _, a := range h.state.Accounts {
		if a["userId"] == userID && a["providerId"] == providerID {
			return a
		}
	}
	return nil
}

func (h *Host) addAccount(userID, providerID, accountID string) Object {
	if accountID == "" {
		accountID = userID
	}
	account := Object{
		"id": h.id("account", 32), "userId": userID, "providerId": providerID, "accountId": accountID,
		"createdAt": h.iso(h.now), "updatedAt": h.iso(h.now),
	}
	h.state.Accounts = append(h.state.Accounts, account)
	return account
}

func (h *Host) setPassword(userID, password string) {
	account := h.account(userID, providerCredential)
	if account == nil {
		account = h.addAccount(userID, providerCredential, "")
	}
	account["password"] = password
}

// public is an account as handlers see it.
func public(account Object) Object {
	out := maps.Clone(account)
	delete(out, "password")
	out["hasPassword"] = text(account["password"]) != ""
	return out
}

func (h *Host) findAccount(a Object) (sdk.Status, any) {
	account := h.account(text(a["userId"]), text(a["providerId"]))
	if account == nil {
		return sdk.NotFound, nil
	}
	return sdk.OK, public(account)
}

func (h *Host) listAccounts(a Object) (sdk.Status, any) {
	list := []any{}
	for _, account := range h.state.Accounts {
		if account["userId"] == a["userId"] {
			list = append(list, public(account))
		}
	}
	return sdk.OK, Object{"accounts": list}
}

func (h *Host) deleteAccount(a Object) (sdk.Status, any) {
	account := h.account(text(a["userId"]), text(a["providerId"]))
	if account == nil || a["accountId"] != nil && a["accountId"] != account["accountId"] {
		return sdk.NotFound, nil
	}
	h.state.Accounts = slices.DeleteFunc(h.state.Accounts, func(o Object) bool { return o["id"] == account["id"] })
	return sdk.OK, nil
}
