# make bench and make bench-peers. Each program of bench/ is float, beside what all share (bench.h) and
# OpenBLAS.
.PHONY: bench bench-peers
bench_shared := bench/bench.c bench/peak.c bench/workload.c
benches := $(patsubst %.c,$(B)/%,$(filter-out $(bench_shared),$(call sorted,bench/*.c)))
programs += $(benches)
$(benches): $(B)/%: $(B)/float/%.o $(bench_shared:%.c=$(B)/float/%.o) $(B)/libnf32.a
$(benches): private LIBS += $(BLAS)
$(B)/float/bench/%.o: private CPPFLAGS += $(shell pkg-config --cflags openblas 2> /dev/null)

bench: $(benches) # with nothing else running
	@for b in $^; do echo "# $$b"; $$b > $$b.csv && cat $$b.csv || exit; done
	@mkdir -p $(B)/plots && gnuplot -e "data = '$(B)/bench/growth.csv'" \
	  -e "picture = '$(B)/plots/bench_growth.png'" plots/style.gp bench/growth.gp
bench-peers: $(B)/bench/image_flow $(B)/bench/point_flow
	@B=$(B) /usr/bin/python3 -B bench/peers.py
