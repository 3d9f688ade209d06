"""The ten steps of the lesson, a module for each way: forward to the loss, backward to the gradient, into a program."""
