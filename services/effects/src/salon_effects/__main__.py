from salon_effects.main import main

main()
