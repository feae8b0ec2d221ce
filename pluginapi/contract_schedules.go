package pluginapi

import "fmt"

var (
	argSchedule = Param{Name: "schedule", Type: TypeText, Required: true, Doc: "a schedule of the manifest that has no `cron`"}
	argKeyOf    = Param{Name: "key", Type: TypeText, Required: true, Doc: fmt.Sprintf("the plugin's own name for the appointment, such as a user's id, of at most %d bytes", MaxAppointmentKey)}
)

var scheduleFunctions = []Function{
	{
		Capability: CapSchedule, Name: "at", Since: "1.1", Doc: "makes an appointment: the schedule runs once at a time. An earlier one for the same key is replaced. It is kept with the unit of work, or not at all",
		Args: []Param{
			argSchedule, argKeyOf,
			{Name: "at", Type: TypeText, Required: true, Doc: fmt.Sprintf("when, as records have dates: `2026-01-02T03:04:05.678Z`, or another time of RFC 3339; at most %d days from now. What is past is due at once", MaxAppointmentDays)},
			{Name: "input", Type: TypeObject, Open: true, Doc: fmt.Sprintf("what the handler is to know, as the manifest's schema says: at most %d bytes of JSON", MaxAppointmentInput)},
		},
		Statuses: []Outcome{
			{StatusDenied, "the manifest has no such schedule without `cron`"},
			{StatusInvalid, "the time is none, or too far; the key or the input is too long, or the input not what the manifest says"},
			{StatusLimit, fmt.Sprintf("the schedule has %d appointments in this tenant", MaxAppointments)},
		},
	},
	{
		Capability: CapSchedule, Name: "cancel", Since: "1.1", Doc: "cancels an appointment",
		Args: []Param{argSchedule, argKeyOf},
		Statuses: []Outcome{
			{StatusDenied, "as of at"}, {StatusNotFound, "there is none to come"},
		},
	},
}
