package pluginapi

var pluginsFunctions = []Function{
	{
		Capability: CapPlugins, Name: "call", Since: "1.1", Doc: "calls a service of another plugin, within the unit of work of the caller",
		Args: []Param{
			{Name: "service", Type: TypeText, Required: true, Doc: "one of the manifest's `services`: `organization/hasPermission`"},
			{Name: "input", Type: TypeObject, Required: true, Open: true, Doc: "what the service takes"},
		},
		Result: []Param{{Name: "output", Type: TypeObject, Open: true, Required: true, Doc: "what the service gives"}},
		Statuses: []Outcome{
			{StatusDenied, "the manifest does not ask for the service; or the service has refused, with its own `code` and `message`"},
			{StatusInvalid, "the input is not what the service takes"}, {StatusLimit, "handlers are nested too deeply, or in a circle"},
		},
	},
	{
		Capability: CapPlugins, Name: "raise", Since: "1.1", Doc: "raises an event of the plugin's own; what its hooks are asked about happens only if they let it",
		Args: []Param{
			{Name: "event", Type: TypeText, Required: true, Doc: "one of the manifest's `events`: `member.added`"},
			{Name: "record", Type: TypeObject, Required: true, Open: true, Doc: "what it is about"},
		},
		Statuses: []Outcome{
			{StatusDenied, "the manifest does not declare the event; or a hook has refused, with its own `code` and `message`"},
			{StatusInvalid, "the record is not what the manifest says"}, {StatusLimit, "as of call"},
		},
	},
}
