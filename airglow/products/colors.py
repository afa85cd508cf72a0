"""The colours of all pictures, of a night and of the pages; without Matplotlib, which pages do not load."""

INK, GREY, BAND = "#1a1a1a", "#6b6b6b", "#dcdcdc"
# Okabe and Ito's colours: told apart by the colour-blind.
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
)
