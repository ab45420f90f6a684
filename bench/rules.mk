# make bench and make bench-peers. Each program of bench/ is float, beside bench.o, the peak
# and OpenBLAS.
.PHONY: bench bench-peers
benches := $(patsubst %.c,$(B)/%,$(filter-out bench/bench.c bench/peak.c,$(call sorted,bench/*.c)))
programs += $(benches)
peak := $(if $(any_x86),$(foreach k,$(kinds) dispatch,$(B)/float/bench/peak.$(k).o),$(B)/float/bench/peak.o)
$(benches): $(B)/%: $(B)/float/%.o $(B)/float/bench/bench.o $(peak) $(B)/libnf32.a
$(benches): private LIBS += $(BLAS)
$(B)/float/bench/%.o: private CPPFLAGS += $(shell pkg-config --cflags openblas 2> /dev/null)

bench: $(benches) # with nothing else running
	@for b in $^; do echo "# $$b"; $$b > $$b.csv && cat $$b.csv || exit; done
	@mkdir -p $(B)/plots && gnuplot -e "data = '$(B)/bench/growth.csv'" \
	  -e "picture = '$(B)/plots/bench_growth.png'" plots/style.gp bench/growth.gp
bench-peers: $(B)/bench/image_flow $(B)/bench/point_flow
	@B=$(B) /usr/bin/python3 -B bench/peers.py
