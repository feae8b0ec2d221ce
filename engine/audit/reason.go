package audit

import "errors"

// Reason is the innermost text of an error: what the plugin or its limits said,
// without the layers around it.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
