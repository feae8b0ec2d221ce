package dispatch

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/authhost/authhost/engine/apierror"
	"github.com/authhost/authhost/engine/sandbox"
	"github.com/authhost/authhost/engine/store"
	"github.com/authhost/authhost/pluginapi"
)

// refusalOf maps the engine's errors to what a guest sees of them.
func refusalOf(err error) *Refusal {
	r := &Refusal{Status: pluginapi.StatusInternal, Message: "internal error", Cause: err}
	var api *apierror.Error
	var unfit *store.InvalidError
	var limit *store.LimitError
	var write *store.OpError
	switch {
	case errors.As(err, &write):
		one := refusalOf(write.Err)
		r.Status, r.Message = one.Status, fmt.Sprintf("write %d: %s", write.N, one.Message)
	case errors.Is(err, store.ErrNotFound):
		r.Status, r.Message = pluginapi.StatusNotFound, "not found"
	case errors.Is(err, store.ErrConflict):
		r.Status, r.Message = pluginapi.StatusConflict, "conflict"
	case errors.As(err, &unfit):
		r.Status, r.Message = pluginapi.StatusInvalid, unfit.Reason
		if unfit.Field != "" {
			r.Message = unfit.Field + ": " + unfit.Reason
		}
	case errors.As(err, &limit):
		r.Status, r.Message = pluginapi.StatusLimit, limit.Reason
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		r.Status, r.Message = pluginapi.StatusTimeout, "timed out"
	case errors.Is(err, store.ErrUnavailable):
		r.Status, r.Message = pluginapi.StatusUnavailable, "the store does not answer"
	case errors.Is(err, sandbox.ErrBusy):
		r.Status, r.Message = pluginapi.StatusUnavailable, "busy"
	case errors.As(err, &api):
		r.Code, r.Message = api.Code, api.Message
		switch {
		case api.Status == http.StatusServiceUnavailable:
			r.Status = pluginapi.StatusUnavailable
		case api.Status == http.StatusTooManyRequests:
			r.Status = pluginapi.StatusLimit
		case api.Status == http.StatusNotFound:
			r.Status = pluginapi.StatusNotFound
		case api.Status < http.StatusInternalServerError:
			r.Status = pluginapi.StatusInvalid
		default:
			r.Code, r.Message = "", "internal error"
		}
	}
	return r
}
