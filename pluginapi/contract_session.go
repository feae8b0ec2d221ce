package pluginapi

var (
	argReason     = Param{Name: "reason", Type: TypeText, Doc: "for hooks, as `event.reason`"}
	argToken      = Param{Name: "token", Type: TypeText, Required: true, Doc: "the session's token"}
	argLife       = Param{Name: "expiresIn", Type: TypeInt, Unit: UnitSeconds, Doc: "a lifetime of its own, since 1.1: the session ends then, however much it is used. Without it the session has that of the tenant, and is extended while it is used"}
	argOwnFields  = Param{Name: "fields", Type: TypeObject, Open: true, Doc: "fields of sessions that the plugin's manifest adds, since 1.1"}
	resultSession = Param{Name: "session", Record: "session", Type: TypeObject, Required: true}
	resultUser    = Param{Name: "user", Record: "user", Type: TypeObject, Required: true}
)

// ServerCallCode is the code of a refusal to hand a session to who is no
// client of the user's.
const ServerCallCode = "SERVER_CALL"

// VirtualSessionCode is the code of a refusal to change or end a session that is
// there for one request alone.
const VirtualSessionCode = "VIRTUAL_SESSION"

var virtualSession = Code{VirtualSessionCode, "the session is virtual: there is nothing to change or end"}

// NotImpersonatedCode is the code of a refusal to go back from a session that
// its own user acts in.
const NotImpersonatedCode = "NOT_IMPERSONATED"

// MaxImpersonationSeconds bounds the life of a session in which somebody acts as
// another.
const MaxImpersonationSeconds = 24 * 60 * 60

var sessionFunctions = []Function{
	{
		Capability: CapSession, Name: "create", Doc: "creates a session and sends its cookies",
		Args: []Param{
			argUserID, argReason,
			{Name: "rememberMe", Type: TypeBool | TypeText, Doc: "false: it ends with the browser, and after a day; `keep`: it does if the client carries the cookie `dont_remember` of the session before"},
			argLife, argOwnFields,
			{Name: "replace", Type: TypeBool, Doc: "it replaces the request's session, which must be the user's and ends. The values of plugins and of the tenant in that session go over to the new one, and so does an end of its own. `rememberMe` is that of the session unless given. Since 1.1"},
			{Name: "actor", Type: TypeText, Doc: "the id of the user who is to act in it as its user: [impersonation](#impersonation). It must be the user of the request's session, nobody acts in that for another, and the plugin needs `impersonation`; else denied. `expiresIn` is then at most 86400, default 3600. Since 1.1"},
		},
		Result: []Param{
			{Name: "session", Record: "session", Type: TypeObject}, {Name: "user", Record: "user", Type: TypeObject},
			{Name: "pending", Type: TypeBool, Doc: "another plugin put a step before the session and answers; nothing is left to do"},
		},
		Statuses: []Outcome{{StatusNotFound, "there is no such user, or no session to replace"}, {StatusDenied, "a field is not one that the manifest adds to sessions, or `actor` may not act as the user"}}, Codes: []Code{{ServerCallCode, "a server call cannot begin a session"}},
	},
	{
		Capability: CapSession, Name: "list", Doc: "lists a user's live sessions; all arguments but the first are since 1.1",
		Args: []Param{
			argUserID, argWhere, argSort, argDesc, {Name: "limit", Type: TypeInt, Min: 1, Max: MaxSessions, Default: MaxSessions}, argOffset, argCursor,
		},
		Result: []Param{{Name: "sessions", Type: TypeArray, Record: "session", Required: true}, resultCursor}, Statuses: []Outcome{limited},
	},
	{
		Capability: CapSession, Name: "count", Since: "1.1", Doc: "counts a user's live sessions",
		Args: []Param{argUserID, argWhere}, Result: []Param{resultCount}, Statuses: []Outcome{limited},
	},
	{
		Capability: CapSession, Name: "revoke", Doc: "ends a session",
		Args: []Param{
			{Name: "token", Type: TypeText}, {Name: "id", Type: TypeText, Doc: "with userId"},
			{Name: "userId", Type: TypeText, Doc: "the user whose session it must be"},
		},
		OneOf: [][]string{{"token", "id"}}, Statuses: []Outcome{{StatusNotFound, "there is none, or it is another user's"}},
	},
	{
		Capability: CapSession, Name: "revokeUser", Doc: "ends a user's sessions",
		Args: []Param{
			argUserID, {Name: "exceptToken", Type: TypeText, Doc: "all but this one"},
			{Name: "exceptCurrent", Type: TypeBool, Doc: "all but the request's own"},
		},
		Result: []Param{{Name: "count", Type: TypeInt, Required: true, Doc: "the number of ended sessions"}},
	},
	{
		Capability: CapSession, Name: "end", Doc: "deletes the current session and expires its cookies, even if there is none",
		Args: []Param{argReason}, Codes: []Code{virtualSession},
	},
	{
		Capability: CapSession, Name: "find", Doc: "finds a live session by its token",
		Args: []Param{argToken}, Result: []Param{resultSession, resultUser}, Statuses: []Outcome{notFound},
	},
	{
		Capability: CapSession, Name: "adopt", Doc: "hands the live session with a token to the client: its cookies go out, and it is the request's session from then on. The plugin must know otherwise that the client may have it",
		Args: []Param{argToken, argReason}, Result: []Param{resultSession, resultUser}, Statuses: []Outcome{notFound},
		Codes: []Code{{ServerCallCode, "a server call cannot begin a session"}},
	},
	{
		Capability: CapSession, Name: "update", Doc: "changes additional fields of the current session",
		Args:   []Param{{Name: "set", Type: TypeObject, Open: true, Doc: "fields that the plugin's manifest adds to sessions; others are denied"}, argInput},
		Result: []Param{resultSession}, Statuses: []Outcome{notFound}, Codes: []Code{{NoFields, "nothing is to change"}, virtualSession},
	},
	{
		Capability: CapSession, Name: "restore", Since: "1.1",
		Doc:  "ends an [impersonated](#impersonation) session and hands the client back that of the user who acted, which it has kept; needs `impersonation`",
		Args: []Param{argReason}, Result: []Param{resultSession, resultUser},
		Statuses: []Outcome{{StatusNotFound, "the client has not kept it, or it has ended; then the impersonated one is left"}, {StatusDenied, "the plugin has no permission"}},
		Codes:    []Code{{NotImpersonatedCode, "nobody acts in the request's session for another, or there is none"}, {ServerCallCode, "a server call has no session to go back to"}},
	},
	{Capability: CapSession, Name: "reissue", Doc: "sends the cookie of the current session again, unless the request is a server call", Statuses: []Outcome{notFound}},
	{
		Capability: CapSession, Name: "assume", Since: "1.1",
		Doc: "makes a [virtual session](#virtual-sessions) of a user the request's, in `request.before`: for this request alone, and it is a server call then. The plugin has checked a proof of its own; needs `authentication`",
		Args: []Param{
			argUserID, {Name: "id", Type: TypeText, Doc: "the session's id, such as that of an API key; default a random one"},
			{Name: "expiresIn", Type: TypeInt, Unit: UnitSeconds, Doc: "when the proof ends, as `expiresAt` shows it; default as other sessions"}, argOwnFields,
		},
		Result: []Param{resultSession, resultUser},
		Statuses: []Outcome{
			{StatusNotFound, "there is no such user"},
			{StatusDenied, "the plugin has no permission, the request has a service key or such a session already, or a field is not one that the manifest adds to sessions"},
		},
	},
	{
		Capability: CapSession, Name: "use", Doc: "makes a session the request's, in `request.before`. By token: in place of the request's cookie. By id and userId: the plugin must know otherwise that the request may act in it, and it is a server call then",
		Args: []Param{
			{Name: "token", Type: TypeText, Doc: "plain, or `token.signature`"},
			{Name: "requireSignature", Type: TypeBool},
			{Name: "id", Type: TypeText, Doc: "with userId"},
			{Name: "userId", Type: TypeText},
		},
		OneOf: [][]string{{"token", "id"}}, Statuses: []Outcome{{StatusInvalid, "the signature is wrong, or missing though required; then the cookie counts"}},
	},
}

var cookiesFunctions = []Function{
	{
		Capability: CapCookies, Name: "inject", Doc: "adds cookies to those of the request, in `request.before`; of two of one name the request's own counts",
		Args: []Param{{Name: "header", Type: TypeText, Required: true, Doc: "in the form of a `Cookie` header"}},
	},
	{
		Capability: CapCookies, Name: "list", Since: "1.1", Doc: "gives the cookies of the answer, which stay on it, in `response.session`, `request.after` and `request.refused`",
		Result: []Param{{Name: "lines", Type: TypeArray, Items: TypeText, Required: true, Doc: "their `Set-Cookie` values"}},
	},
	{
		Capability: CapCookies, Name: "detach", Doc: "takes the cookies off the answer, in `response.session`, `request.after` and `request.refused`",
		Result: []Param{{Name: "lines", Type: TypeArray, Items: TypeText, Required: true, Doc: "their `Set-Cookie` values"}},
	},
}

var openapiFunctions = []Function{
	{Capability: CapOpenAPI, Name: "describe", Doc: "gives the OpenAPI 3.1 document of what the tenant serves: the host's endpoints and those of all its plugins. Disabled paths and hidden fields are not in it", Open: true},
}
