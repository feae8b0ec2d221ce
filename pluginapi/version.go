package pluginapi

import (
	"fmt"
	"strconv"
	"strings"
)

// VersionError reports a module that was made for an ABI version which this
// engine does not speak.
type VersionError struct {
	Wanted string // what the module's manifest asks for, "MAJOR.MINOR"
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("the module needs plugin ABI %s, this engine speaks %d.%d", e.Wanted, Major, Minor)
}

// Compatible reports whether a module that asks for ABI version abi
// ("MAJOR.MINOR") runs here: the major versions must be equal and the minor
// one must not be newer. The error is a *VersionError that names both
// versions, or says that abi is no version.
func Compatible(abi string) error {
	major, minor, err := parseABI(abi)
	if err != nil {
		return err
	}
	if major != Major || minor > Minor {
		return &VersionError{Wanted: abi}
	}
	return nil
}

func parseABI(abi string) (major, minor int, err error) {
	left, right, ok := strings.Cut(abi, ".")
	if ok {
		major, err = parseDecimal(left)
		if err == nil {
			minor, err = parseDecimal(right)
		}
	}
	if !ok || err != nil {
		return 0, 0, fmt.Errorf("%q is not an ABI version; write it as MAJOR.MINOR, for example \"%d.%d\"", abi, Major, Minor)
	}
	return major, minor, nil
}

// parseDecimal reads digits without sign or leading zero.
func parseDecimal(s string) (int, error) {
	if s == "" || s[0] < '0' || s[0] > '9' || len(s) > 1 && s[0] == '0' {
		return 0, strconv.ErrSyntax
	}
	return strconv.Atoi(s)
}

// before reports whether an ABI version is older than another. Text that is no
// version is not.
func before(abi string, major, minor int) bool {
	m, n, err := parseABI(abi)
	return err == nil && (m < major || m == major && n < minor)
}

// Version returns the ABI version that this package describes: "1.0".
func Version() string { return fmt.Sprintf("%d.%d", Major, Minor) }
