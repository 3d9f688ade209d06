"""What is wrong with a gradient or a loss that someone else computed: known conventions, and how exact numbers are."""
