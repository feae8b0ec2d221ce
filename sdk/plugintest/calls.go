package plugintest

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/authhost/authhost/pluginapi"
	"github.com/authhost/authhost/sdk"
)

// functions are the host calls, by full name.
var functions = map[string]func(*Host, Object) Object{
	"identity.findUser":       (*Host).findUser,
	"identity.listUsers":      (*Host).listUsers,
	"identity.countUsers":     (*Host).countUsers,
	"identity.getUsers":       (*Host).getUsers,
	"identity.createUser":     (*Host).createUser,
	"identity.draftUser":      (*Host).draftUser,
	"identity.updateUser":     (*Host).updateUser,
	"identity.deleteUser":     (*Host).deleteUser,
	"identity.findAccount":    func(h *Host, a Object) Object { return public(h.account(a)) },
	"identity.listAccounts":   (*Host).listAccounts,
	"identity.deleteAccount":  (*Host).deleteAccount,
	"identity.findLinked":     (*Host).findLinked,
	"identity.linkAccount":    (*Host).linkAccount,
	"identity.updateAccount":  (*Host).updateAccount,
	"identity.accountTokens":  (*Host).accountTokens,
	"identity.verifyPassword": (*Host).verifyPassword,
	"identity.setPassword":    (*Host).setPassword,
	"identity.equalize":       func(*Host, Object) Object { return nil },
	"session.create":          (*Host).createSession,
	"session.list":            (*Host).listSessions,
	"session.count":           (*Host).countSessions,
	"session.revoke":          (*Host).revokeSession,
	"session.revokeUser":      (*Host).revokeUser,
	"session.end":             (*Host).endSession,
	"session.find":            (*Host).findSession,
	"session.adopt":           (*Host).adoptSession,
	"session.update":          (*Host).updateSession,
	"session.reissue":         (*Host).reissueSession,
	"session.restore":         (*Host).restoreSession,
	"session.assume":          (*Host).assumeSession,
	"session.use":             (*Host).useSession,
	"verification.create":     (*Host).createVerification,
	"verification.createFor":  (*Host).createVerificationFor,
	"verification.find":       (*Host).findVerification,
	"verification.consume":    (*Host).consumeVerification,
	"verification.delete":     (*Host).deleteVerification,
	"storage.get":             (*Host).getRecord,
	"storage.find":            (*Host).findRecord,
	"storage.list":            (*Host).listRecords,
	"storage.count":           (*Host).countRecords,
	"storage.getMany":         (*Host).getRecords,
	"storage.write":           (*Host).writeRecords,
	"storage.insert":          (*Host).insertRecord,
	"storage.update":          (*Host).updateRecord,
	"storage.delete":          (*Host).deleteRecord,
	"storage.consume":         (*Host).consumeRecord,
	"storage.increment":       (*Host).incrementRecord,
	"crypto.signToken":        (*Host).signToken,
	"crypto.verifyToken":      (*Host).verifyToken,
	"crypto.seal":             (*Host).sealValue,
	"crypto.open":             (*Host).openSealed,
	"crypto.digest":           (*Host).digest,
	"crypto.hmac":             (*Host).hmac,
	"crypto.verify":           (*Host).verifySignature,
	"crypto.sign":             (*Host).signValue,
	"crypto.recoverKey":       (*Host).recoverKey,
	"keys.sign":               (*Host).signKey,
	"keys.verify":             (*Host).verifyKey,
	"keys.jwks":               (*Host).jwks,
	"http.request":            (*Host).httpRequest,
	"http.verifyToken":        (*Host).verifyRemote,
	"http.lookupTXT":          (*Host).lookupTXT,
	"email.send":              (*Host).sendMail,
	"sms.send":                (*Host).sendMessage,
	"random.string":           (*Host).randomString,
	"random.uuid":             (*Host).randomUUID,
	"ratelimit.hit":           (*Host).hit,
	"ratelimit.reset":         (*Host).resetHits,
	"audit.record":            (*Host).recordAudit,
	"cookies.inject":          (*Host).injectCookies,
	"cookies.list":            (*Host).listCookies,
	"cookies.detach":          (*Host).detachCookies,
	"openapi.describe":        (*Host).describe,
	"plugins.call":            (*Host).callService,
	"plugins.raise":           (*Host).raiseEvent,
	"schedule.at":             (*Host).makeAppointment,
	"schedule.cancel":         (*Host).cancelAppointment,
	"xml.verify":              (*Host).verifyXML,
	"xml.sign":                (*Host).signXML,
	"xml.canonicalize":        (*Host).canonicalizeXML,
	"xml.signText":            (*Host).signText,
	"xml.verifyText":          (*Host).verifyText,
}

// Call implements sdk.Host.
func (h *Host) Call(capability, function string, in []byte) (sdk.Status, []byte) {
	h.t.Helper()
	var result Object
	err := try(func() { result = h.do(capability, function, in) })
	status := sdk.OK
	h.call.refused, h.call.refusedIn = err, capability+"."+function
	if err != nil {
		status, result = err.sdk, err.body()
	}
	if result == nil {
		result = Object{}
	}
	h.call.root["result"] = clone(result)
	return status, marshal(result)
}

// try runs f and returns the refusal that it threw.
func try(f func()) (refused *refusal) {
	defer func() {
		p := recover()
		if r, ok := p.(*refusal); ok {
			refused = r
		} else if p != nil {
			panic(p)
		}
	}()
	f()
	return nil
}

// do makes a call that the contract and the manifest allow.
func (h *Host) do(capability, name string, in []byte) Object {
	h.t.Helper()
	full := capability + "." + name
	var args Object
	if err := try(func() { args = h.allowed(capability, name, in) }); err != nil {
		if !h.allowInvalid {
			h.t.Errorf("plugintest: the plugin calls %s: %v", full, err)
		}
		panic(err)
	}
	if instead, ok := h.overrides[full]; ok {
		return overridden(full, instead, args)
	}
	return functions[full](h, args)
}

// allowed gives the arguments of a call, or refuses one that no plugin should
// make.
func (h *Host) allowed(capability, name string, in []byte) Object {
	args := h.arguments(in)
	asked, isAsked := h.manifest.Capability(capability)
	if !isAsked {
		refuse(sdk.Denied, "the manifest does not ask for the capability "+capability)
	}
	f, known := pluginapi.FindFunction(capability, name)
	if !known {
		refuse(sdk.Unsupported, "there is no host call "+capability+"."+name)
	}
	if err := f.Check(args); err != nil {
		refuse(sdk.Invalid, err.Error())
	}
	checkAsked(f, args, asked)
	for _, p := range f.Args {
		if p.Default != 0 && args[p.Name] == nil {
			args[p.Name] = number(p.Default)
		}
	}
	return args
}

// overridden calls what a test has in place of a host call.
func overridden(name string, f Function, args Object) Object {
	status, result := f(args)
	members := object(clone(result))
	if status != sdk.OK {
		refuseWith(status, text(members["code"]), cmp.Or(text(members["message"]), name))
	}
	return members
}

// arguments are those in the JSON text in, or those at args if that is empty.
func (h *Host) arguments(in []byte) Object {
	c := h.call
	if len(in) > 0 {
		args, err := parse[any](in)
		if err != nil || object(args) == nil {
			refuse(sdk.Invalid, "arguments are not a JSON object")
		}
		return object(args)
	}
	args, unwritten := object(c.root["args"]), c.unwritten
	delete(c.root, "args")
	c.unwritten = ""
	if unwritten != "" {
		refuse(sdk.Invalid, unwritten)
	}
	if args == nil {
		args = Object{}
	}
	return args
}

// checkAsked refuses what the manifest does not ask for.
func checkAsked(f *pluginapi.Function, args Object, asked pluginapi.Capability) {
	model, models := cmp.Or(f.Model, text(args["model"])), asked.Write
	if f.Access == pluginapi.AccessRead {
		models = slices.Concat(asked.Read, asked.Write)
	}
	_, core := coreModels[model]
	if f.Access != pluginapi.AccessNone && (!slices.Contains(models, model) || core && f.Capability == pluginapi.CapStorage) {
		refuse(sdk.Denied, "the manifest does not ask to "+string(f.Access)+" "+strconv.Quote(model))
	}
	for name, list := range map[string][]string{"purpose": asked.Purposes, "use": asked.Keys, "service": asked.Services} {
		if v := text(args[name]); v != "" && !slices.Contains(list, v) {
			refuse(sdk.Denied, "the manifest does not ask for the "+name+" "+strconv.Quote(v))
		}
	}
}
