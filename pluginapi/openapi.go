package pluginapi

import "encoding/json"

// OpenAPIFields is the member of an operation (handlers[].openapi) that says
// whose additional fields the body takes, as the tenant and its plugins declare
// them: the document then describes them, with what is required and defaults.
const OpenAPIFields = "x-fields"

// Values of OpenAPIFields.
const (
	FieldsOfNewUser = "newUser" // those of a user who signs up: required ones must be sent
	FieldsOfUser    = "user"    // those of a user who is changed, with name and image
	FieldsOfSession = "session"
)

// validateFields checks whose fields an operation says that its body takes.
func (h *Handler) validateFields(r *report, at string) {
	var operation map[string]json.RawMessage
	if h.OpenAPI == nil || json.Unmarshal(h.OpenAPI, &operation) != nil || operation[OpenAPIFields] == nil {
		return
	}
	at += "." + OpenAPIFields
	var whose string
	if json.Unmarshal(operation[OpenAPIFields], &whose) != nil {
		r.add(at, "must be a text")
		return
	}
	r.oneOf(at, whose, FieldsOfNewUser, FieldsOfUser, FieldsOfSession)
	if h.Body == nil {
		r.add(at, "is for endpoints whose body has a schema")
	}
}
