# make plots. plots/SOURCE_TOPIC.gp draws the columns of SOURCE, a chapter or the command line, as PNG
# and as SVG. What chapter NN prints for --plot NAME is chNN_NAME.dat, all that its figures show; and
# chNN.columns tells make that they are all there. Figures of trained flows are drawn from toys_NAME.dat.
figures  := $(filter-out $(if $(ARB),,exact_%),$(basename $(notdir $(wildcard plots/*_*.gp))))
drawn    := $(foreach f,$(figures),$(B)/plots/$f.png $(B)/plots/$f.svg)
of_toys  := ch05_moons ch05_transport
source    = $(if $(filter $(1),$(of_toys)),toys,$(firstword $(subst _, ,$(1))))
$(foreach f,$(figures),$(eval $(B)/plots/$f.png $(B)/plots/$f.svg: $(B)/plots/$(call source,$f).columns))
$(foreach c,$(chapters),$(eval $(B)/plots/$(call source,$(notdir $c)).columns: $c))

.PHONY: plots film densities book
plots: $(drawn)
$(drawn) $(B)/plots/film.gif $(B)/plots/densities.png: plots/style.gp

# The schematics compute all that they show, so their SVGs in plots/gallery are these, byte for byte.
schematics := $(patsubst plots/%.awk,$(B)/plots/%.svg,$(wildcard plots/schematic_*.awk))
plots: $(schematics)
$(schematics): $(B)/plots/%.svg: plots/%.awk plots/schematic.awk plots/style.gp
	$(call step,PLOT)LC_ALL=C awk -f plots/schematic.awk -f $< plots/style.gp > $@

draw = gnuplot -e "picture = '$@'; data = '$(B)/plots/$(call source,$*)_'" plots/style.gp $<
$(B)/plots/%.png: plots/%.gp
	$(call step,PLOT)$(draw)
$(B)/plots/%.svg: plots/%.gp # browsers would blur the cells of an image
	$(call step,PLOT)$(draw) && sed -i 's/<image /<image style="image-rendering:pixelated" /' $@
$(B)/plots/ch%.columns:
	$(call step,DATA)for plot in $$($< --help | sed -n 's/^  --plot \([^ ]*\).*/\1/p'); do \
	  OPENBLAS_NUM_THREADS=1 $< --plot $$plot > $(@D)/ch$*_$$plot.dat || exit; done; touch $@

# True digits, counted by ball arithmetic; without Arb there is no such figure.
$(B)/plots/exact.columns: $(B)/proofs/true_digits
	$(call step,DATA)$< > $(@D)/exact_digits.dat && touch $@

# Measured when nothing else is left to do, and like all columns on one core.
$(B)/plots/ch07.columns: | $(filter-out $(B)/plots/ch07_%,$(drawn))

# Flows that learned two moons, trained for longer than a chapter runs: half a minute on two cores.
$(B)/plots/toys.columns: $(B)/film/toys
	$(call step,DATA)OPENBLAS_NUM_THREADS=1 $< $(B)/plots/toys_ && touch $@

# What the shipped flows draw.
sheets := digits levels uva
$(sheets:%=$(B)/plots/%.columns): $(B)/plots/%.columns: plots/%.sh $(B)/nf $(wildcard data/flows/*.safetensors data/uva/*)
	$(call step,DATA)sh $< $(B)/nf $(B)/plots/$* > $@.new && mv $@.new $@
$(foreach s,$(sheets),$(filter $(B)/plots/$s_%,$(drawn))): plots/sheet.gp

# make film: two moons being learned, as an animated GIF.
film: $(B)/plots/film.gif
$(B)/plots/film.gif: $(B)/film/film $(B)/film/gif plots/film.gp
	@rm -rf $(B)/film/frames && mkdir -p $(B)/film/frames
	$(call step,DATA)$(B)/film/film $(B)/film/frames/
	$(call step,FILM)gnuplot -e "picture = '/dev/null'; frames = '$(B)/film/frames'" \
	  plots/style.gp plots/film.gp && $(B)/film/gif $(B)/film/frames $@
$(B)/film/gif: $(B)/double/plots/gif.o $(B)/libnf.a

# make densities: the toy densities learned by five models, the flows of the table in docs/training.md: 17
# minutes of one core, a minute or two a flow. With -j they are trained side by side.
train_realnvp := --depth 32 --rate 0.001 --batch 256 --steps 20000 --every 1000
train_maf     := --depth 16 --rate 0.002 --batch 256 --steps 20000 --every 1000
train_nsf     := --depth 4 --rate 0.002 --batch 256 --steps 15000 --every 1000
train_cnf     := --depth 16 --rate 0.002 --batch 256 --steps 3000 --every 500
train_fm      := --depth 16 --rate 0.003 --batch 512 --steps 300000 --every 20000
learned := $(foreach t,moons gaussians rings banana,$(foreach m,realnvp maf nsf cnf fm,$(B)/densities/$t_$m.safetensors))
$(learned): $(B)/densities/%.safetensors: $(B)/nf
	$(call step,DATA)mkdir -p $(@D)/training && rm -f $(@D)/training/$*.* && \
	  $< train --data toy:$(word 1,$(subst _, ,$*)) --model $(word 2,$(subst _, ,$*)) \
	    $(train_$(word 2,$(subst _, ,$*))) --holdout 10000 --seed 1 --threads 1 --quiet \
	    --out $(@D)/training/$*.safetensors && mv $(@D)/training/$*.safetensors $@
densities: $(B)/plots/densities.png
$(B)/plots/densities.png: $(B)/film/densities plots/densities.gp $(learned)
	$(call step,PLOT)$< $(B)/densities && gnuplot -e "picture = '$@'; flows = '$(B)/densities'" \
	  plots/style.gp plots/densities.gp

$(B)/film/film $(B)/film/toys $(B)/film/densities: $(B)/film/%: $(B)/float/plots/%.o $(B)/float/plots/learn.o $(B)/libnf32.a
programs += $(B)/film/film $(B)/film/toys $(B)/film/densities $(B)/film/gif

# make book: NOTES.md, and the same in Chinese, as one HTML file each into $(B)/book, the figures of
# `make plots` inside; and as PDF where Chromium is installed.
book: plots
	@B=$(B) sh book/make.sh $(wildcard NOTES.md NOTES.zh.md)
