from salon_token.main import main

main()
