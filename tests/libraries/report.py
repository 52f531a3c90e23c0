WRONG=("wrong","broken")
def name_of(text, known):
    return text
