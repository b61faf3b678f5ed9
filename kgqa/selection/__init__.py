"""Which of many questions to answer by hand first: those whose wordings stand for the wordings of all."""
