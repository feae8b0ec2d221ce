package dispatch

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/authhost/authhost/engine/apierror"
)

// MaxHeaderBytes bounds the value of a header that a plugin sets. Proxies and
// clients take about 8 KiB for a line.
const MaxHeaderBytes = 8 << 10

// nearly is the part of a bound, in percent, from which the operator is told
// that a cookie or header is close to it.
const nearly = 75

// engineItself is what observers are told of what no plugin has made.
const engineItself = "engine"

// weigh refuses a cookie or header of the answer that is larger than clients
// take: browsers drop such a cookie without a word, and whoever sends it again
// is refused with 431. The error says what to do, and goes to the client if the
// plugin does not get past it.
func (c *Call) weigh(kind, name string, size, most int) error {
	ex := c.Exchange
	if size > most*nearly/100 && ex.observer != nil {
		ex.observer.Large(ex, c.Entry.Plugin.ID, kind+" "+name, size, most)
	}
	if size <= most {
		return nil
	}
	return apierror.New(http.StatusBadRequest, strings.ToUpper(kind)+"_TOO_LARGE",
		fmt.Sprintf("The %s %s would have %d bytes; %d are the most. Shorter texts of the user, such as name and image, or fewer claims help.", kind, name, size, most))
}
