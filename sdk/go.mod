module github.com/authhost/authhost/sdk

go 1.26.0

require github.com/authhost/authhost/pluginapi v0.0.0

replace github.com/authhost/authhost/pluginapi => ../pluginapi
