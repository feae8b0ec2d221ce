//go:build !unix

package private

import "io/fs"

// sharedWith says who else may write to a folder, or "". Folders inherit the
// access list of their parent here, which mode bits do not show.
func sharedWith(fs.FileInfo) string { return "" }
