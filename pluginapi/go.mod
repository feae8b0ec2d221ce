module github.com/authhost/authhost/pluginapi

go 1.26.0
