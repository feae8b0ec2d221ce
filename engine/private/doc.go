// Package private looks after files and folders that are this user's alone:
// secrets that the server makes for itself, and folders whose content it trusts.
//
//	if fault, remedy := private.Folder(cacheDir); fault != "" {
//		return fmt.Errorf("%s; %s", fault, remedy)
//	}
//
// Decisions and their reasons: docs/rationale/operations.md.
package private
