package pluginapi

var pluginsFunctions = []Function{
	{
		Capability: CapPlugins, Name: "call", Since: "1.1", Doc: "calls a service of another plugin, within the unit of work of the caller",
		Args: []Param{
			{Name: "service", Type: TypeText, Required: true, Doc: "one of the manifest's `services`: `organization/hasPermission`"},
			{Name: "input", Type: TypeObject, Required: true, Open: true, Doc: "the input of the service"},
		},
		Result: []Param{{Name: "output", Type: TypeObject, Open: true, Required: true, Doc: "the output of the service"}},
		Statuses: []Outcome{
			{StatusDenied, "the manifest does not ask for the service; or the service has refused, with its own `code` and `message`"},
			{StatusInvalid, "the input does not match the service's schema"}, {StatusLimit, "handlers are nested too deeply, or in a circle"},
		},
	},
	{
		Capability: CapPlugins, Name: "raise", Since: "1.1", Doc: "raises an event of the plugin's own; what its hooks are asked about happens only if they let it",
		Args: []Param{
			{Name: "event", Type: TypeText, Required: true, Doc: "one of the manifest's `events`: `member.added`"},
			{Name: "record", Type: TypeObject, Required: true, Open: true, Doc: "the record of the event"},
		},
		Statuses: []Outcome{
			{StatusDenied, "the manifest does not declare the event; or a hook has refused, with its own `code` and `message`"},
			{StatusInvalid, "the record does not match the manifest's schema"}, {StatusLimit, "as of call"},
		},
	},
}
