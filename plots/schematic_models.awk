# Four families of models between a latent z and data x. A solid arrow is computed exactly; a dashed one
# is a learned approximation: of the posterior (VAE), of a reversed step of noise (diffusion), of the
# odds that x is data (GAN). A box is as wide as its vector is long.
function model(left, name, likelihood) {
  words(left, 36, name)
  box(left, 312, 140, 48, name == "diffusion" ? "x = x_0" : "x", "blue")
  label(left, 374, "log p(x)", "ink", 22)
  label(left, 404, likelihood, "ink", 22)
}

END {
  start(480, "Four generative models", "GAN: z to x exactly, nothing back, and a discriminator D of x. VAE: z " \
        "to x, and an approximate encoder back. Flow: both ways exact. Diffusion: from x to noise exactly, back " \
        "approximately.")
  model(100, "GAN", "—")
  box(66, 88, 70, 48, "z", "green")
  arrow(66, 112, 66, 288, "ink")
  label(54, 200, "G", "ink", 22, "end")
  box(144, 200, 48, 48, "D", "dark")
  arrow(144, 288, 144, 224, "ink", 1)

  model(300, "VAE", "≥ ELBO")
  box(300, 88, 70, 48, "z", "green")
  arrow(286, 112, 286, 288, "ink")
  arrow(314, 288, 314, 112, "ink", 1)
  label(274, 200, "p(x|z)", "ink", 22, "end")
  label(326, 200, "q(z|x)", "ink", 22, "start")

  model(500, "flow", "= log p(z) + log |det J|")
  box(500, 88, 140, 48, "z", "green")
  arrow(486, 112, 486, 288, "ink")
  arrow(514, 288, 514, 112, "ink")
  label(474, 200, "f^{−1}", "ink", 22, "end")
  label(526, 200, "f", "ink", 22, "start")

  model(700, "diffusion", "≥ ELBO")
  box(700, 88, 140, 48, "z = x_T", "green")
  box(700, 200, 140, 48, "x_t", "teal")
  for (y = 112; y < 300; y += 112) {
    arrow(686, y, 686, y + 64, "ink", 1)
    arrow(714, y + 64, 714, y, "ink")
    label(674, y + 32, "p_{θ}", "ink", 22, "end")
    label(726, y + 32, "q", "ink", 22, "start")
  }

  arrow(250, 450, 304, 450, "ink")
  words(314, 450, "exact", "ink", 18, "start")
  arrow(420, 450, 474, 450, "ink", 1)
  words(484, 450, "approximate", "ink", 18, "start")
  finish()
}
