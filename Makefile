# The same as ./run, for those who type make.
.PHONY: run test fuzz bench check coverage ready ready-dev
run test fuzz bench check coverage ready ready-dev:
	@./run $@
