# make mutants plants the bugs of tests/bugs.txt in a copy of the library, where NF_BUG chooses one,
# links with it the programs of make check that run the library in their own process, and lets
# tests/mutants.sh ask them all about each. About 2 minutes on 2 cores.
planted  := $(shell awk '$$1 == "file" { print $$2 }' tests/bugs.txt | sort -u)
judges   := $(patsubst tests/%.c,%,$(filter-out $(patsubst %,tests/test_%.c,check corpus golden \
              headlines mpi notes% scalar state_dict toy safetensors cifar10 depth png% io% nf% allocation \
              checkpoint_faults), \
              $(sort $(wildcard tests/test_*.c)))) \
            $(patsubst chapters/%.c,%,$(wildcard chapters/ch0[234679]*.c))
plants   := $(planted:%.c=$(B)/planted/%.o) $(B)/planted/bugs.o
$(B)/planted/bugs.c: tests/bugs.txt tests/plant.awk $(planted)
	@mkdir -p $(@D)
	@awk -v to=$(@D) -f tests/plant.awk tests/bugs.txt $(planted)
$(plants): $(B)/planted/%.o: $(B)/planted/bugs.c
	$(call say,CC,$@)$(CC) $(PROOF) -c $(B)/planted/$*.c -o $@
$(B)/mutants/test_%: $(B)/double/tests/test_%.o $(B)/double/tests/mutants.o $(plants) \
    $(B)/libtests.a $(B)/libverify.a $(B)/libnf.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ -lcmocka -lmpfr -lgmp $(LIBS) -o $@
$(B)/mutants/ch%: $(B)/double/chapters/ch%.o $(voice) $(plants) \
    $(B)/libverify.a $(B)/libnf.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(THREADS) $(SAN) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@
.PHONY: mutants
mutants: $(judges:%=$(B)/mutants/%)
	@B=$(B) sh tests/mutants.sh $^
