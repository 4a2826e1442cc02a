/// What is said of a payload that the decoder does not take at all.
let notJSON = "the payload is not JSON, or has a number that is no whole one in range"
