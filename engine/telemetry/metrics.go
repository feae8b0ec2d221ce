package telemetry

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const namespace = "authhost"

// DefaultMaxTenants is how many tenants get label values of their own by
// default.
const DefaultMaxTenants = 1000

// Bounds on other labels. Routes and plugins come from manifests.
const (
	maxRoutes   = 1000
	maxPlugins  = 500
	maxHandlers = 500
	maxOutcomes = 32
	maxChannels = 500
)

// Config configures Metrics. The zero value works.
type Config struct {
	Version    string // of the server, for authhost_build_info
	MaxTenants int    // tenants with label values of their own; default DefaultMaxTenants
}

// Metrics holds the server's counters, gauges and histograms. It is safe for
// concurrent use; every method of a nil *Metrics does nothing.
type Metrics struct {
	registry *prometheus.Registry

	requests       *prometheus.CounterVec
	requestSeconds *prometheus.HistogramVec
	pluginCalls    *prometheus.CounterVec
	pluginSeconds  *prometheus.HistogramVec
	pluginFuel     *prometheus.CounterVec
	pluginHost     *prometheus.CounterVec
	pluginHostTime *prometheus.CounterVec
	pluginBytes    *prometheus.CounterVec
	pluginCompile  *prometheus.GaugeVec
	sessions       *prometheus.CounterVec
	commits        *prometheus.HistogramVec
	mails          *prometheus.CounterVec
	sms            *prometheus.CounterVec
	bodies         *prometheus.CounterVec
	large          *prometheus.CounterVec
	outgoing       *prometheus.CounterVec
	outgoingTime   *prometheus.HistogramVec
	deliveries     *prometheus.CounterVec
	schedules      *prometheus.CounterVec
	untrusted      *prometheus.CounterVec
	auditLost      prometheus.Counter
	auditFaults    prometheus.Counter
	outboxEntries  *prometheus.GaugeVec
	quarantined    *prometheus.GaugeVec
	swept          *prometheus.CounterVec
	outboxOldest   *prometheus.GaugeVec

	tenants, routes, plugins, handlers, outcomes, channels *bounded
}

// requestBuckets range from a cached get-session to the slowest request that
// the default timeout allows, in seconds.
func requestBuckets() []float64 {
	return []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
}

// callBuckets range from a trivial handler to the slowest that limits allow,
// in seconds.
func callBuckets() []float64 {
	return []float64{.00001, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .1, .5, 1, 5}
}

// New returns Metrics with a registry of its own, which also has the metrics
// of the Go runtime and of the process.
func New(c Config) *Metrics {
	if c.MaxTenants <= 0 {
		c.MaxTenants = DefaultMaxTenants
	}
	m := &Metrics{
		registry:       prometheus.NewRegistry(),
		requests:       counter("http_requests_total", "HTTP requests answered.", "tenant", "method", "route", "status"),
		requestSeconds: histogram("http_request_seconds", "Time to answer HTTP requests.", requestBuckets(), "method", "route"),
		pluginCalls:    counter("plugin_calls_total", "Handler calls of plugins.", "tenant", "plugin", "handler", "outcome"),
		pluginSeconds:  histogram("plugin_call_seconds", "Time of plugins' handler calls, host calls included.", callBuckets(), "plugin", "handler"),
		pluginFuel:     counter("plugin_fuel_total", "Work of plugins, in executed instructions, roughly.", "tenant", "plugin"),
		pluginHost:     counter("plugin_host_calls_total", "Calls that plugins made to the host.", "tenant", "plugin"),
		pluginHostTime: counter("plugin_host_seconds_total", "Time of plugins' capability calls.", "tenant", "plugin"),
		pluginBytes:    counter("plugin_bytes_total", "Bytes that went into and came out of plugins.", "tenant", "plugin", "direction"),
		pluginCompile: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "plugin_compile_seconds", Help: "Time to make a plugin's module ready at its last load, by compiling it or from the cache.",
		}, []string{"plugin", "source"}),
		sessions:      counter("sessions_issued_total", "Sessions created.", "tenant"),
		commits:       histogram("store_commit_seconds", "Time until a commit was durable or refused.", requestBuckets(), "driver", "outcome"),
		mails:         counter("mails_total", "Mails by what became of them.", "outcome"),
		sms:           counter("sms_total", "Text messages by what became of them.", "outcome"),
		bodies:        counter("request_bodies_refused_total", "Request bodies for which there was no memory, by whose bound was reached.", "tenant", "bound"),
		large:         counter("large_answers_total", "Cookies and headers of plugins that are nearly as large as clients take, or larger.", "tenant", "plugin", "outcome"),
		outgoing:      counter("outgoing_requests_total", "Requests of plugins to other servers, by what became of them.", "tenant", "plugin", "outcome"),
		outgoingTime:  histogram("outgoing_request_seconds", "Time of plugins' requests to other servers.", requestBuckets(), "plugin"),
		deliveries:    counter("outbox_deliveries_total", "Attempts to deliver events of the outbox, by what became of them.", "tenant", "channel", "outcome"),
		schedules:     counter("schedule_runs_total", "Runs of plugins' schedules, by what became of them.", "tenant", "plugin", "schedule", "outcome"),
		untrusted:     counter("untrusted_origins_total", "Requests from, or that lead to, origins that are not trusted, by the check that they failed.", "tenant", "check"),
		auditLost:     prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "audit_lost_total", Help: "Entries of the audit log that could neither be written nor kept."}),
		auditFaults:   prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: "audit_faults_total", Help: "Times when the audit log could not be brought to the disk or put aside."}),
		outboxEntries: gauges("outbox_entries", "Events in the outbox by state, counted now and then and to 1000.", "tenant", "channel", "state"),
		outboxOldest:  gauges("outbox_oldest_timestamp_seconds", "Time of the oldest event that is not delivered, 0 without one.", "tenant", "channel"),
		quarantined:   gauges("store_quarantined", "1 for a tenant whose data is damaged and that is not served.", "tenant"),
		swept:         counter("swept_records_total", "Records that were deleted because they had expired.", "tenant", "model"),
		tenants:       newBounded(c.MaxTenants), routes: newBounded(maxRoutes), plugins: newBounded(maxPlugins),
		handlers: newBounded(maxHandlers), outcomes: newBounded(maxOutcomes),
		channels: newBounded(maxChannels),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the label has the version.",
		ConstLabels: prometheus.Labels{"version": c.Version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.requestSeconds, m.pluginCalls, m.pluginSeconds, m.pluginFuel, m.pluginHost, m.pluginHostTime, m.pluginBytes, m.pluginCompile, m.sessions, m.commits, m.mails, m.sms, m.bodies, m.large, m.outgoing, m.outgoingTime, m.deliveries, m.schedules, m.untrusted, m.auditLost, m.auditFaults, m.outboxEntries, m.outboxOldest, m.quarantined, m.swept, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}

// Handler answers scrapes in the Prometheus text formats.
func (m *Metrics) Handler() http.Handler {
	if m == nil {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request counts an answered request. route is the pattern that matched
// ("/reset-password/:token"), or "" if none did; tenant is "" if none was
// found.
func (m *Metrics) Request(tenant, method, route string, status int, took time.Duration) {
	if m == nil {
		return
	}
	method, route = knownMethod(method), m.routes.label(route)
	m.requests.WithLabelValues(m.tenants.label(tenant), method, route, statusLabel(status)).Inc()
	m.requestSeconds.WithLabelValues(method, route).Observe(took.Seconds())
}

// PluginCall counts a handler call. handler is its endpoint's route or its
// event; outcome is what it returned, or the reason why it was stopped.
func (m *Metrics) PluginCall(tenant, plugin, handler, outcome string, took time.Duration) {
	if m == nil {
		return
	}
	plugin, handler = m.plugins.label(plugin), m.handlers.label(handler)
	m.pluginCalls.WithLabelValues(m.tenants.label(tenant), plugin, handler, m.outcomes.label(outcome)).Inc()
	m.pluginSeconds.WithLabelValues(plugin, handler).Observe(took.Seconds())
}

// Usage is what one handler call used.
type Usage struct {
	Fuel, HostCalls, BytesIn, BytesOut uint64
	Host                               time.Duration
}

// PluginUsed adds what a handler call used.
func (m *Metrics) PluginUsed(tenant, plugin string, u Usage) {
	if m == nil {
		return
	}
	tenant, plugin = m.tenants.label(tenant), m.plugins.label(plugin)
	m.pluginFuel.WithLabelValues(tenant, plugin).Add(float64(u.Fuel))
	m.pluginHost.WithLabelValues(tenant, plugin).Add(float64(u.HostCalls))
	m.pluginHostTime.WithLabelValues(tenant, plugin).Add(u.Host.Seconds())
	m.pluginBytes.WithLabelValues(tenant, plugin, "in").Add(float64(u.BytesIn))
	m.pluginBytes.WithLabelValues(tenant, plugin, "out").Add(float64(u.BytesOut))
}

// WatchInstances adds counters of what happened to the sandbox's instances, by
// event, read at every scrape. It is called once.
func (m *Metrics) WatchInstances(events map[string]func() uint64) {
	if m == nil {
		return
	}
	for event, count := range events {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: namespace, Name: "sandbox_instances_total", Help: "What happened to instances of plugins.",
			ConstLabels: prometheus.Labels{"event": event},
		}, func() float64 { return float64(count()) }))
	}
}

// PluginCompiled records how long it took to make a plugin's module ready,
// and whether it came from the compilation cache.
func (m *Metrics) PluginCompiled(plugin string, fromCache bool, took time.Duration) {
	if m == nil {
		return
	}
	source := "compiler"
	if fromCache {
		source = "cache"
	}
	m.pluginCompile.WithLabelValues(m.plugins.label(plugin), source).Set(took.Seconds())
}

// SessionIssued counts a new session.
func (m *Metrics) SessionIssued(tenant string) {
	if m != nil {
		m.sessions.WithLabelValues(m.tenants.label(tenant)).Inc()
	}
}

// StoreCommit times a commit. outcome is "ok", "conflict" or "error".
func (m *Metrics) StoreCommit(driver, outcome string, took time.Duration) {
	if m != nil {
		m.commits.WithLabelValues(m.outcomes.label(driver), m.outcomes.label(outcome)).Observe(took.Seconds())
	}
}

// Mail counts a mail by what became of it.
func (m *Metrics) Mail(outcome string) {
	if m != nil {
		m.mails.WithLabelValues(m.outcomes.label(outcome)).Inc()
	}
}

// SMS counts a text message by what became of it.
func (m *Metrics) SMS(outcome string) {
	if m != nil {
		m.sms.WithLabelValues(m.outcomes.label(outcome)).Inc()
	}
}

// Large counts a cookie or header of a plugin, or of the engine, that is nearly
// as large as clients take: it was sent, or refused because it is larger.
func (m *Metrics) Large(tenant, plugin string, sent bool) {
	if m == nil {
		return
	}
	outcome := "refused"
	if sent {
		outcome = "sent"
	}
	m.large.WithLabelValues(m.tenants.label(tenant), plugin, outcome).Inc()
}

// BodyRefused counts a request body for which there was no memory, by whose
// bound was reached: client, tenant or all.
func (m *Metrics) BodyRefused(tenant, bound string) {
	if m == nil {
		return
	}
	m.bodies.WithLabelValues(m.tenants.label(tenant), bound).Inc()
}

// Outgoing counts a request of a plugin to another server by what became of
// it.
func (m *Metrics) Outgoing(tenant, plugin, outcome string, took time.Duration) {
	if m == nil {
		return
	}
	plugin = m.plugins.label(plugin)
	m.outgoing.WithLabelValues(m.tenants.label(tenant), plugin, m.outcomes.label(outcome)).Inc()
	m.outgoingTime.WithLabelValues(plugin).Observe(took.Seconds())
}

// Delivery counts an attempt to deliver an event of the outbox. A channel is a
// plugin, or one of its targets.
func (m *Metrics) Delivery(tenant, channel, outcome string) {
	if m != nil {
		m.deliveries.WithLabelValues(m.tenants.label(tenant), m.channels.label(channel), m.outcomes.label(outcome)).Inc()
	}
}

// ScheduleRun counts a run of a plugin's schedule.
func (m *Metrics) ScheduleRun(tenant, plugin, schedule, outcome string) {
	if m != nil {
		m.schedules.WithLabelValues(m.tenants.label(tenant), m.plugins.label(plugin), m.handlers.label(schedule), m.outcomes.label(outcome)).Inc()
	}
}

// OutboxEntries tells how many events of a channel are in a state.
func (m *Metrics) OutboxEntries(tenant, channel, state string, entries int) {
	if m != nil {
		m.outboxEntries.WithLabelValues(m.tenants.label(tenant), m.channels.label(channel), m.outcomes.label(state)).Set(float64(entries))
	}
}

// OutboxOldest tells of when the oldest event of a channel is that is not
// delivered; the zero time of none.
func (m *Metrics) OutboxOldest(tenant, channel string, t time.Time) {
	if m == nil {
		return
	}
	var seconds float64
	if !t.IsZero() {
		seconds = float64(t.UnixMilli()) / 1000
	}
	m.outboxOldest.WithLabelValues(m.tenants.label(tenant), m.channels.label(channel)).Set(seconds)
}

// Quarantined tells whether a tenant is not served because its data is damaged.
func (m *Metrics) Quarantined(tenant string, yes bool) {
	if m == nil {
		return
	}
	var value float64
	if yes {
		value = 1
	}
	m.quarantined.WithLabelValues(m.tenants.label(tenant)).Set(value)
}

// Swept counts records of a model that were deleted because they had expired.
func (m *Metrics) Swept(tenant, model string, n int) {
	if m != nil {
		m.swept.WithLabelValues(m.tenants.label(tenant), m.handlers.label(model)).Add(float64(n))
	}
}

// WatchScrub adds a counter of the bytes of the embedded store that were verified
// in the background. It is called once.
func (m *Metrics) WatchScrub(bytes func() uint64) {
	if m == nil {
		return
	}
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: namespace, Name: "store_scrubbed_bytes_total", Help: "Bytes of the embedded store that were verified in the background.",
	}, func() float64 { return float64(bytes()) }))
}

// Untrusted counts an origin that is not trusted. check is what it failed:
// "origin", "redirect" or "cors".
func (m *Metrics) Untrusted(tenant, check string) {
	if m != nil {
		m.untrusted.WithLabelValues(m.tenants.label(tenant), m.outcomes.label(check)).Inc()
	}
}

// AuditLost counts entries of the audit log that are nowhere.
func (m *Metrics) AuditLost(entries int) {
	if m != nil {
		m.auditLost.Add(float64(entries))
	}
}

// AuditFault counts a fault of the audit log that no entry was lost by.
func (m *Metrics) AuditFault() {
	if m != nil {
		m.auditFaults.Inc()
	}
}

// WatchAudit adds a gauge of whether the audit log cannot be written, read at
// every scrape. It is called once.
func (m *Metrics) WatchAudit(failing func() bool) {
	m.gauge("audit_failing", "1 while entries of the audit log cannot be written.", func() int {
		if failing() {
			return 1
		}
		return 0
	})
}

// WatchHashing adds gauges of the password hashes that run and that wait,
// read at every scrape. It is called once.
func (m *Metrics) WatchHashing(running, waiting func() int) {
	m.gauge("password_hashes_running", "Password hashes being computed.", running)
	m.gauge("password_hashes_waiting", "Password hashes waiting for their turn.", waiting)
}

// WatchStore adds a gauge of whether the store's database answers, read at every
// scrape. It is called once.
func (m *Metrics) WatchStore(up func() bool) {
	m.gauge("store_up", "1 while the store's database answers.", func() int {
		if up() {
			return 1
		}
		return 0
	})
}

// WatchBodies adds a gauge of the bytes that request bodies under way take, read
// at every scrape. It is called once.
func (m *Metrics) WatchBodies(used func() int) {
	m.gauge("request_body_memory_bytes", "Memory that request bodies under way take.", used)
}

func (m *Metrics) gauge(name, help string, value func() int) {
	if m == nil {
		return
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, func() float64 { return float64(value()) }))
}

// knownMethod keeps clients from inventing label values.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return other
	}
}

func statusLabel(status int) string {
	if status < 100 || status > 599 {
		return other
	}
	return strconv.Itoa(status)
}
