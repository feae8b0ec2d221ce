module jsonguest

go 1.26
