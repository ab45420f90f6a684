# tests/test_mpi.c starts nf on two ranks, where Open MPI is installed; elsewhere it is skipped.
ifeq ($(shell command -v mpirun > /dev/null && pkg-config --exists ompi-c && echo yes),yes)
$(B)/tests/test_mpi: | $(B)/mpi/nf
$(B)/mpi/nf: $(nf_parts) $(B)/float/tools/nf_ranks_mpi.o $(B)/libnf32.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) $(mpi_libs) -o $@
endif
