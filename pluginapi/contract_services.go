package pluginapi

import "fmt"

var (
	argIdentifier = Param{Name: "identifier", Type: TypeText, Required: true, Doc: "the plugin's own; prefix it with its purpose: `reset-password:TOKEN`"}
	argExpiresIn  = Param{Name: "expiresIn", Type: TypeInt, Unit: UnitSeconds, Required: true, Doc: "its lifetime"}
	resultClaims  = Param{Name: "claims", Type: TypeObject, Open: true, Required: true}
	tokenCodes    = []Code{{"expired", "its time is over"}, {"invalid", "it is not one, or not good for this"}}

	argWhenVerified = Param{Name: "whenVerified", Type: TypeBool, Doc: "it stays valid if the user's address is verified meanwhile"}
)

// ProofVoid is the code of a token that was signed for a user who is not the
// same any more.
const ProofVoid = "void"

// MaxProofSeconds is how long a proof about a user is good at most: 30 days.
const MaxProofSeconds = 30 * 24 * 60 * 60

var verificationFunctions = []Function{
	{
		Capability: CapVerification, Name: "create", Doc: "keeps a value under an identifier, and replaces an earlier one",
		Args: []Param{argIdentifier, {Name: "value", Type: TypeText, Required: true, Empty: true}, argExpiresIn}, Record: "verification",
	},
	{
		Capability: CapVerification, Name: "createFor", Since: "1.1",
		Doc: "keeps a value as create does, for a user: when the user is deleted, or has another address or password, there is none any more (see [proofs](#proofs-about-users)); of a user who does not exist there is none from the start",
		Args: []Param{
			argIdentifier, {Name: "value", Type: TypeText, Required: true, Empty: true}, argUserID,
			{Name: "expiresIn", Type: TypeInt, Unit: UnitSeconds, Max: MaxProofSeconds, Required: true, Doc: "its lifetime"}, argWhenVerified,
		},
		Record: "verification",
	},
	{
		Capability: CapVerification, Name: "find", Doc: "finds the value under an identifier", Args: []Param{argIdentifier}, Record: "verification",
		Statuses: []Outcome{{StatusNotFound, "there is none, or its time is over"}},
	},
	{
		Capability: CapVerification, Name: "consume", Doc: "finds the value and deletes it; only one of several simultaneous calls gets it", Args: []Param{argIdentifier}, Record: "verification",
		Statuses: []Outcome{{StatusNotFound, "there is none, or its time is over"}},
	},
	{Capability: CapVerification, Name: "delete", Doc: "deletes the value under an identifier, if there is one", Args: []Param{argIdentifier}},
}

var (
	argModel = Param{Name: "model", Type: TypeText, Required: true, Doc: "a model of the manifest"}
	argID    = Param{Name: "id", Type: TypeText, Required: true, Doc: "the record's id"}
	argIndex = Param{Name: "index", Type: TypeText, Required: true, Doc: "a field with an index, or an index over several: `userId+counter`"}
	argValue = Param{Name: "value", Type: TypeAny, Required: true, Doc: "the value in the index; of several fields, an array"}
)

var storageFunctions = []Function{
	{Capability: CapStorage, Name: "get", Access: AccessRead, Doc: "reads a record by its id", Args: []Param{argModel, argID}, Record: "record", Statuses: []Outcome{notFound}},
	{Capability: CapStorage, Name: "find", Access: AccessRead, Doc: "reads the first record with a value in an index", Args: []Param{argModel, argIndex, argValue}, Record: "record", Statuses: []Outcome{notFound}},
	{
		Capability: CapStorage, Name: "list", Access: AccessRead, Doc: "reads records in the order of an index, or of ids; its arguments but `index`, `value`, `limit` and `cursor` are since 1.1",
		Args:   append(append([]Param{argModel}, indexRange...), argWhere, argDesc, argLimit, argOffset, argCursor),
		Result: []Param{{Name: "records", Type: TypeArray, Record: "record", Required: true}, resultCursor}, Statuses: []Outcome{limited},
	},
	{
		Capability: CapStorage, Name: "insert", Access: AccessWrite, Doc: "stores a new record under a new id",
		Args:   []Param{argModel, {Name: "record", Type: TypeObject, Required: true, Open: true, Doc: "its fields"}},
		Record: "record", Statuses: []Outcome{{StatusConflict, "a unique value is taken"}},
	},
	{
		Capability: CapStorage, Name: "update", Access: AccessWrite, Doc: "changes fields of a record",
		Args: []Param{
			argModel, argID, {Name: "set", Type: TypeObject, Required: true, Open: true, Doc: "fields by name, with new values"},
			argVersion, argIf,
		},
		Record: "record", Statuses: []Outcome{notFound, {StatusConflict, "a unique value is taken, or the version or a field of `if` is another"}},
	},
	{Capability: CapStorage, Name: "delete", Access: AccessWrite, Doc: "deletes a record", Args: []Param{argModel, argID}, Statuses: []Outcome{notFound}},
	{
		Capability: CapStorage, Name: "consume", Access: AccessWrite, Doc: "reads the record with a value in an index and deletes it; only one of several simultaneous calls gets it",
		Args: []Param{argModel, argIndex, argValue}, Record: "record", Statuses: []Outcome{notFound},
	},
	{
		Capability: CapStorage, Name: "increment", Access: AccessWrite, Doc: "adds to a number, at once; it is kept even if the handler denies",
		Args:   []Param{argModel, argID, {Name: "field", Type: TypeText, Required: true}, {Name: "by", Type: TypeInt, Default: 1}},
		Result: []Param{{Name: "value", Type: TypeInt, Required: true, Doc: "the sum"}}, Statuses: []Outcome{{StatusNotFound, "there is none, or it was inserted in this unit of work"}},
	},
}

var (
	argUse = Param{Name: "use", Type: TypeText, Required: true, Doc: "one of the manifest's `keys`"}
	argAlg = Param{Name: "alg", Type: TypeText, Doc: "`RS256` (default), `PS256`, `ES256`, `ES512` or `EdDSA` (Ed25519)"}
)

var keysFunctions = []Function{
	{
		Capability: CapKeys, Name: "sign", Doc: "signs claims as a JWT; the host sets `iat` and `exp`, and raises `token.claims`. The first use makes a key. " +
			"`sub` is the id of the user whose session it is, or the field of that user which a setting with `x-userField` names, unless the plugin has the permission `subjects`; else denied",
		Args: []Param{
			argUse,
			{Name: "expiresIn", Type: TypeInt, Unit: UnitSeconds, Required: true, Doc: "at most the time that a key stays published when it signs no more (`keys.overlap`)"},
			argAlg,
			{Name: "claims", Type: TypeObject, Open: true, Doc: "put over `base`"},
			{Name: "base", Type: TypeObject, Open: true, Copied: true, Doc: "such as a copy of `session.user`"},
			{Name: "omit", Type: TypeArray, Items: TypeText, Doc: "members of `base` that are left out"},
			{Name: "id", Type: TypeBool, Doc: "true adds a random `jti`"},
			{Name: "reuse", Type: TypeInt, Unit: UnitSeconds, Doc: "give a token that was signed before for the same claims, if it is good for so long"},
			{Name: "reserved", Type: TypeArray, Items: TypeText, Doc: "claims that hooks must leave alone; one that does not makes the call fail"},
		},
		Result: []Param{{Name: "token", Type: TypeText, Required: true}, {Name: "kid", Type: TypeText, Required: true}},
	},
	{
		Capability: CapKeys, Name: "verify", Doc: "checks a token that a published key of the use and algorithm has signed, and its times. Issuer, audience and the rest are the plugin's to check",
		Args:   []Param{argUse, {Name: "token", Type: TypeText, Required: true, Empty: true, Copied: true}, argAlg},
		Result: []Param{resultClaims}, Codes: tokenCodes,
	},
	{
		Capability: CapKeys, Name: "jwks", Doc: "gives the public keys (RFC 7517) of a use and algorithm, those to come and those that still verify included",
		Args: []Param{argUse, argAlg},
		Result: []Param{
			{Name: "keys", Type: TypeArray, Items: TypeObject, Required: true},
			{Name: "maxAge", Type: TypeInt, Unit: UnitSeconds, Required: true, Doc: "how long they may be cached"},
		},
	},
}

var emailFunctions = []Function{
	{
		Capability: CapEmail, Name: "send", Doc: "sends a mail after the commit",
		Args: []Param{
			{Name: "to", Type: TypeText, Required: true, Doc: "one address"}, {Name: "template", Type: TypeText, Required: true, Doc: "name of a mail of the manifest"},
			{Name: "subject", Type: TypeText, Doc: "default: the mail's"},
			{Name: "url", Type: TypeText, Doc: "the variable `url`"}, {Name: "token", Type: TypeText, Doc: "the variable `token`"}, {Name: "otp", Type: TypeText, Doc: "the variable `otp`"},
			{Name: "data", Type: TypeObject, Open: true, Doc: "all other variables"},
			{Name: "languages", Type: TypeText, Doc: "those that the recipient reads, as in `Accept-Language`; default: those of the request. Since 1.1"},
			{Name: "decoy", Type: TypeBool, Doc: "true does all that sending does, and sends nothing: for a request that must not tell whether there is somebody to send to. Hooks do not see it. Since 1.1"},
		},
	},
}

var smsFunctions = []Function{
	{
		Capability: CapSMS, Name: "send", Since: "1.1", Doc: "sends a text message to a phone after the commit",
		Args: []Param{
			{Name: "to", Type: TypeText, Required: true, Doc: "the number in the form of ITU-T E.164: `+` and at most 15 digits"},
			{Name: "kind", Type: TypeText, Required: true, Doc: "name of a message of the manifest"},
			{Name: "data", Type: TypeObject, Open: true, Doc: "its variables"},
			{Name: "languages", Type: TypeText, Doc: "those that the recipient reads, as in `Accept-Language`; default: those of the request"},
			{Name: "decoy", Type: TypeBool, Doc: "true does all that sending does, and sends nothing: for a request that must not tell whether there is somebody to send to"},
		},
		Statuses: []Outcome{{StatusUnavailable, "the operator has no provider of text messages"}},
		Codes: []Code{
			{CodeNumber, "`to` is not a number in the form of E.164"}, {CodeLength, fmt.Sprintf("the text, filled in, is empty or longer than %d characters", MaxMessageLength)},
		},
	},
}

var randomFunctions = []Function{
	{
		Capability: CapRandom, Name: "string", Doc: "gives random characters",
		Args: []Param{
			{Name: "length", Type: TypeInt, Required: true, Min: 1, Max: 1024},
			{Name: "alphabet", Type: TypeText, Doc: "2 to 256 characters, or a named alphabet: `lower`, `upper`, `digits`, `url`; default `A-Za-z0-9`"},
		},
		Result: []Param{{Name: "value", Type: TypeText, Required: true}},
	},
	{Capability: CapRandom, Name: "uuid", Doc: "gives a random UUID (RFC 9562, version 4)", Result: []Param{{Name: "value", Type: TypeText, Required: true}}},
}

var argKey = Param{Name: "key", Type: TypeText, Required: true, Doc: "the plugin's own"}

var rateLimitFunctions = []Function{
	{
		Capability: CapRateLimit, Name: "hit", Doc: "counts one use of a key; kept even if the handler denies. All nodes count together where the tenant's `rateLimit.storage` is shared",
		Args:   []Param{argKey, {Name: "window", Type: TypeInt, Unit: UnitSeconds, Required: true}, {Name: "max", Type: TypeInt, Required: true, Min: 1, Max: 1 << 31, Doc: "uses in a window"}},
		Result: []Param{{Name: "allowed", Type: TypeBool, Required: true}, {Name: "retryAfter", Type: TypeInt, Unit: UnitSeconds, Required: true}},
	},
	{Capability: CapRateLimit, Name: "reset", Doc: "deletes the counted uses of a key, at once", Args: []Param{argKey}},
}

var auditFunctions = []Function{
	{
		Capability: CapAudit, Name: "record", Doc: "writes an entry of the audit log, at once",
		Args: []Param{
			{Name: "action", Type: TypeText, Required: true, Doc: "written as `PLUGIN.action`"},
			{Name: "userId", Type: TypeText, Doc: "the user of the entry"},
			{Name: "outcome", Type: TypeText, Enum: []string{"success", "failure"}, Doc: "default `success`"},
			{Name: "details", Type: TypeObject, Open: true},
		},
		Statuses: []Outcome{{StatusUnavailable, "the entry cannot be written: then refuse the action"}},
	},
}

var argTimeoutMs = Param{Name: "timeoutMs", Type: TypeInt, Unit: UnitMilliseconds, Default: 5000, Doc: "at most 30000"}

var httpFunctions = []Function{
	{
		Capability: CapHTTP, Name: "request", Doc: "makes a request; the result is the answer, whatever its status is",
		Args: []Param{
			{Name: "url", Type: TypeText, Required: true},
			{Name: "method", Type: TypeText, Enum: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, Doc: "default `GET`"},
			{Name: "headers", Type: TypeObject, Open: true, Doc: "texts by name; those of the connection are the host's. `accept` is `application/json` unless given"},
			{Name: "body", Type: TypeText, Copied: true},
			{Name: "json", Type: TypeAny, Copied: true, Doc: "sent as JSON"},
			{Name: "form", Type: TypeObject, Open: true, Doc: "texts, sent as `application/x-www-form-urlencoded` in this order"},
			{Name: "auth", Go: "HTTPAuth", Type: TypeObject, Doc: "`{username, password}` or `{bearer}`", Members: []Param{
				{Name: "username", Type: TypeText, Copied: true}, {Name: "password", Type: TypeText, Copied: true}, {Name: "bearer", Type: TypeText, Copied: true},
				{Name: "formEncoded", Type: TypeBool, Doc: "since 1.1: name and password are encoded as in a form, as clients of OAuth have to (RFC 6749 section 2.3.1)"},
			}},
			{Name: "secrets", Type: TypeObject, Open: true, Doc: "places in the request (`headers.NAME`, `form.NAME`, `json.PATH`, `auth.password` …) with paths of the configuration whose texts go there"},
			{Name: "sealedSecrets", Go: "SealedSecret", Type: TypeArray, Items: TypeObject, Doc: "since 1.1: places in the request with texts that `crypto.seal` has encrypted, which the host opens and puts there", Members: []Param{
				{Name: "place", Type: TypeText, Required: true, Doc: "as in `secrets`"}, argPurpose, {Name: "sealed", Type: TypeText, Required: true, Copied: true},
			}},
			argTimeoutMs,
			{Name: "followRedirects", Type: TypeBool, Doc: "of `GET` and `HEAD`, at most 5. Another origin does not get the headers"},
			{Name: "cacheSeconds", Type: TypeInt, Doc: "how long the host may keep the answer to a `GET` without headers, auth and secrets, if its status is 200; at most a day"},
			{Name: "answer", Type: TypeText, Enum: []string{"json", "text", "bytes"}, Doc: "since 1.1: what `body` is: `json`, whatever the answer says that it is, or a text if it is none, both without a byte order mark; `text`; or `bytes`, in base64url"},
		},
		Result: []Param{
			{Name: "status", Type: TypeInt, Required: true}, {Name: "headers", Type: TypeObject, Open: true, Required: true, Doc: "names in lower case"},
			{Name: "body", Type: TypeAny, Doc: "unless `answer` says otherwise, JSON if the answer says so and is, else a text"},
		},
		Statuses: []Outcome{
			{StatusDenied, "the host is not in the manifest, or may not be called"}, {StatusUnavailable, "there was no answer"},
			{StatusLimit, "the answer is too large, or too much is under way"},
		},
	},
	{
		Capability: CapHTTP, Name: "verifyToken", Doc: "checks a JWT that another server has signed",
		Args: []Param{
			{Name: "token", Type: TypeText, Required: true, Empty: true, Copied: true},
			{Name: "jwksUrl", Type: TypeText, Required: true, Doc: "where the server publishes its keys"},
			{Name: "issuer", Type: TypeText | TypeArray, Required: true, Doc: "`{name}` stands for that claim"},
			{Name: "audience", Type: TypeText | TypeArray, Required: true},
			{Name: "nonce", Type: TypeAny},
			{Name: "maxAge", Type: TypeInt, Unit: UnitSeconds, Doc: "since it was issued"},
		},
		Result: []Param{resultClaims},
		Codes: []Code{
			{"expired", "its time is over"}, {"issuer", "another server's"}, {"audience", "for somebody else"},
			{"nonce", "not the one that was asked for"}, {"key", "the server has no such key"}, {"invalid", "it is not one"},
		},
	},
	{
		Capability: CapHTTP, Name: "lookupTXT", Since: "1.1", Doc: "gives the TXT records of a name in the DNS, such as those that prove who has a domain. The manifest must ask for the name as for a host",
		Args:   []Param{{Name: "name", Type: TypeText, Required: true, Doc: "a whole one, of two labels or more: `_challenge.example.com`"}, argTimeoutMs},
		Result: []Param{{Name: "records", Type: TypeArray, Items: TypeText, Required: true, Doc: "in no order; the strings of one record are joined"}},
		Statuses: []Outcome{
			{StatusNotFound, "the name has none"}, {StatusDenied, "the name is not in the manifest, or is not one of the public DNS"}, {StatusUnavailable, "there was no answer"},
			{StatusLimit, "there are more than 64 records or 16 KiB, or too much is under way"},
		},
	},
}
