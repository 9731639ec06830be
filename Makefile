# The same as ./run, for those who type make.
.PHONY: run test bench check ready
run test bench check ready:
	@./run $@
